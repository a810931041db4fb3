"""The system calls a worker may make, and the seccomp filter that says so.

The filter is an allow-list. What is not on it fails with EPERM, so that the author of a harness reads a
`PermissionError`; what only an attack would try ends the process. Reading is allowed on the request pipe alone, writing
on the reply pipe alone, and memory is never executable.

Numbers: linux/arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h. The aarch64 table has not been
run. Imported by the bare zygote: standard library only.
"""

from __future__ import annotations

import errno
import platform
import struct

X86_64 = {
    "read": 0, "write": 1, "mmap": 9, "mprotect": 10, "munmap": 11, "brk": 12, "rt_sigprocmask": 14, "rt_sigreturn": 15,
    "mremap": 25, "madvise": 28, "execve": 59, "exit": 60, "ptrace": 101, "capset": 126, "pivot_root": 155,
    "chroot": 161, "mount": 165, "init_module": 175, "futex": 202, "restart_syscall": 219, "exit_group": 231,
    "kexec_load": 246, "add_key": 248, "request_key": 249, "keyctl": 250, "unshare": 272, "perf_event_open": 298,
    "open_by_handle_at": 304, "setns": 308, "process_vm_readv": 310, "process_vm_writev": 311, "finit_module": 313,
    "seccomp": 317, "bpf": 321, "execveat": 322, "userfaultfd": 323, "io_uring_setup": 425, "io_uring_enter": 426,
    "io_uring_register": 427, "landlock_create_ruleset": 444, "landlock_restrict_self": 446,
}  # fmt: skip

AARCH64 = {
    "read": 63, "write": 64, "mmap": 222, "mprotect": 226, "munmap": 215, "brk": 214, "rt_sigprocmask": 135,
    "rt_sigreturn": 139, "mremap": 216, "madvise": 233, "execve": 221, "exit": 93, "ptrace": 117, "capset": 91,
    "pivot_root": 41, "chroot": 51, "mount": 40, "init_module": 105, "futex": 98, "restart_syscall": 128,
    "exit_group": 94, "kexec_load": 104, "add_key": 217, "request_key": 218, "keyctl": 219, "unshare": 97,
    "perf_event_open": 241, "open_by_handle_at": 265, "setns": 268, "process_vm_readv": 270, "process_vm_writev": 271,
    "finit_module": 273, "seccomp": 277, "bpf": 280, "execveat": 281, "userfaultfd": 282, "io_uring_setup": 425,
    "io_uring_enter": 426, "io_uring_register": 427, "landlock_create_ruleset": 444, "landlock_restrict_self": 446,
}  # fmt: skip

TABLES = {"x86_64": (0xC000003E, X86_64), "aarch64": (0xC00000B7, AARCH64)}
"""Per machine: its audit architecture and its table."""

ALLOWED = (
    "munmap", "brk", "mremap", "madvise", "futex", "rt_sigreturn", "restart_syscall", "exit",
    "exit_group",
)  # fmt: skip
"""Allowed with any arguments. No clock: where the kernel's fast path has none, asking for the time fails as well."""

FATAL = (
    "execve", "execveat", "ptrace", "bpf", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register",
    "process_vm_readv", "process_vm_writev", "mount", "pivot_root", "chroot", "unshare", "setns", "keyctl",
    "add_key", "request_key", "perf_event_open", "init_module", "finit_module", "kexec_load", "open_by_handle_at",
)  # fmt: skip
"""Ends the process: nothing that plays a game asks for these by mistake."""

_KILL, _EPERM, _EBADF, _ALLOW = 0x80000000, 0x00050000 | errno.EPERM, 0x00050000 | errno.EBADF, 0x7FFF0000
_NUMBER, _ARCHITECTURE, _PROT_EXEC, _X32 = 0, 4, 4, 0x40000000

Instruction = tuple[int, int, int, int]


def machine() -> str:
    """This machine's name as `TABLES` has it, whatever the kernel calls it."""
    name = platform.machine().lower()
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(name, name)


def number(name: str) -> int:
    """The number of a system call on this machine; KeyError where the machine has no table."""
    return TABLES[machine()][1][name]


def _load(offset: int) -> Instruction:
    return (0x20, 0, 0, offset)


def _equal(value: int, then: int, otherwise: int) -> Instruction:
    return (0x15, then, otherwise, value)


def _any_bit(mask: int, then: int, otherwise: int) -> Instruction:
    return (0x45, then, otherwise, mask)


def _at_least(value: int, then: int, otherwise: int) -> Instruction:
    return (0x35, then, otherwise, value)


def _answer(value: int) -> Instruction:
    return (0x06, 0, 0, value)


def _low(argument: int) -> int:
    """Offset of the low half of an argument in `struct seccomp_data`, on a little-endian machine."""
    return 16 + 8 * argument


def program(machine_name: str, reads: int, writes: int) -> list[Instruction]:
    """The filter for a machine, as BPF instructions. `reads` and `writes` are the two pipes' descriptors."""
    architecture, table = TABLES[machine_name]
    code = [_load(_ARCHITECTURE), _equal(architecture, 1, 0), _answer(_KILL), _load(_NUMBER)]
    if machine_name == "x86_64":
        code += [_at_least(_X32, 0, 1), _answer(_KILL)]
    for name, descriptor in (("read", reads), ("write", writes)):
        code += [
            _equal(table[name], 0, 4), _load(_low(0)), _equal(descriptor, 0, 1), _answer(_ALLOW), _answer(_EBADF),
        ]  # fmt: skip
    for name in ("mmap", "mprotect"):
        code += [
            _equal(table[name], 0, 4), _load(_low(2)), _any_bit(_PROT_EXEC, 0, 1), _answer(_EPERM), _answer(_ALLOW),
        ]  # fmt: skip
    for name in ALLOWED:
        code += [_equal(table[name], 0, 1), _answer(_ALLOW)]
    for name in FATAL:
        code += [_equal(table[name], 0, 1), _answer(_KILL)]
    return [*code, _answer(_EPERM)]


def assemble(code: list[Instruction]) -> bytes:
    """The instructions as an array of `struct sock_filter`."""
    return b"".join(struct.pack("HBBI", *instruction) for instruction in code)
