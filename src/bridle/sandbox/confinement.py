"""What a worker does to itself, in this order, before it sees a harness's source.

    die with the zygote · no dump · leave root · resource limits · no new privileges · Landlock deny-all · seccomp

Each step that can't be done raises, except Landlock and seccomp where the kernel has none: those are reported, and
whoever started the worker decides whether the level that is left is enough.

Imported by the bare zygote: standard library only.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import signal
import struct
import sys
from dataclasses import asdict, dataclass
from functools import cache

from bridle.sandbox import syscalls

NOBODY = 65534
"""The user that a worker of root becomes."""

_SET_PDEATHSIG, _SET_DUMPABLE, _SET_SECCOMP, _SET_NO_NEW_PRIVS = 1, 4, 22, 38
_ABSENT = (errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)
_SANDBOX_PROFILE = b"(version 1)(deny default)"


@dataclass(frozen=True, kw_only=True)
class Layers:
    """What holds a worker. `landlock` is the kernel's ABI, 0 for none; `user` the worker's uid."""

    limits: bool
    user: int
    no_new_privileges: bool
    landlock: int
    seccomp: bool
    seatbelt: bool

    @property
    def level(self) -> int:
        """3: seccomp and Landlock. 2: seccomp, or macOS's sandbox. 1: limits alone, which isolate nothing."""
        if self.seccomp:
            return 3 if self.landlock else 2
        return 2 if self.seatbelt else 1

    def as_dict(self) -> dict[str, int | bool]:
        """The fields, for the worker's first reply."""
        return asdict(self)


def prepare(reads: int, writes: int) -> None:
    """Make ready, once and in the zygote, what every worker needs for `confine`."""
    if sys.platform != "darwin":
        _library()
        _filter(reads, writes)


def confine(*, memory_bytes: int, cpu_seconds: int, parent: int, reads: int, writes: int) -> Layers:
    """Confine this process for good. Single-threaded; only the two pipes may be open besides standard streams.

    Raises:
        OSError: a layer that this kernel has could not be put on; nothing may run.
    """
    if sys.platform == "darwin":
        _limit(memory_bytes, cpu_seconds)
        return Layers(
            limits=True, user=os.getuid(), no_new_privileges=False, landlock=0, seccomp=False, seatbelt=_seatbelt()
        )
    libc = _library()
    _leave_root(libc)
    # A change of user clears the parent-death signal, so it is set afterwards; the parent may be gone already.
    _control(libc, _SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise OSError(errno.ESRCH, "the zygote is gone")
    _control(libc, _SET_DUMPABLE, 0)
    _limit(memory_bytes, cpu_seconds)
    _control(libc, _SET_NO_NEW_PRIVS, 1)
    landlock = _landlock(libc)
    return Layers(
        limits=True,
        user=os.getuid(),
        no_new_privileges=True,
        landlock=landlock,
        seccomp=_seccomp(libc, reads, writes),
        seatbelt=False,
    )


@cache
def _library() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return libc


@cache
def _filter(reads: int, writes: int) -> bytes:
    """The seccomp filter of this machine; empty where it has none."""
    if syscalls.machine() not in syscalls.TABLES:
        return b""
    return syscalls.assemble(syscalls.program(syscalls.machine(), reads, writes))


def _control(libc: ctypes.CDLL, option: int, value: int) -> None:
    if libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}")


def _leave_root(libc: ctypes.CDLL) -> None:
    """Become nobody, and hold no capability even where this user namespace has no nobody to become."""
    if os.getuid() == 0:
        try:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EPERM):
                raise
    header = struct.pack("Ii", 0x20080522, 0)
    if syscalls.machine() not in syscalls.TABLES:
        return
    if libc.syscall(syscalls.number("capset"), header, bytes(24)) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def _limit(memory_bytes: int, cpu_seconds: int) -> None:
    """Hard resource limits. Six descriptors: the standard three, the two pipes, and one while Landlock is set up."""
    bounds = {"FSIZE": 0, "CORE": 0, "NOFILE": 6, "NPROC": 0, "MEMLOCK": 0, "MSGQUEUE": 0}
    for name, bound in bounds.items():
        which = getattr(resource, f"RLIMIT_{name}", None)
        if which is not None:
            resource.setrlimit(which, (bound, bound))
    if sys.platform != "darwin":  # which accepts this limit and does not keep it: there, memory is polled
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    # The soft limit's signal tells "out of CPU" from other deaths; the hard one follows a second later.
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))


def _landlock(libc: ctypes.CDLL) -> int:
    """Deny every file, TCP and scope that this kernel's Landlock knows. The ABI, 0 where there is none."""
    if syscalls.machine() not in syscalls.TABLES:
        return 0
    create, restrict = syscalls.number("landlock_create_ruleset"), syscalls.number("landlock_restrict_self")
    abi = libc.syscall(create, None, ctypes.c_size_t(0), 1)
    if abi < 0:
        if ctypes.get_errno() in _ABSENT:
            return 0
        raise OSError(ctypes.get_errno(), "landlock_create_ruleset")
    # Rights by ABI: 13 of ABI 1, then REFER (2), TRUNCATE (3), IOCTL_DEV (5); TCP bind and connect (4); scopes (6).
    files = (1 << (13 + (abi >= 2) + (abi >= 3) + (abi >= 5))) - 1
    ruleset = struct.pack("QQQ", files, 3, 3)[: 8 if abi < 4 else 16 if abi < 6 else 24]
    descriptor = libc.syscall(create, ruleset, ctypes.c_size_t(len(ruleset)), 0)
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), "landlock_create_ruleset")
    if libc.syscall(restrict, ctypes.c_int(descriptor), 0) != 0:
        raise OSError(ctypes.get_errno(), "landlock_restrict_self")
    os.close(descriptor)
    return int(abi)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def _seccomp(libc: ctypes.CDLL, reads: int, writes: int) -> bool:
    """Install the allow-list. False where this kernel or machine has no seccomp filter."""
    code = _filter(reads, writes)
    if not code:
        return False
    whole = _Program(len(code) // 8, code)
    # The first flags keep old kernels from slowing every branch of a filtered process; they don't know them all.
    for flags in (4, 0):
        if libc.syscall(syscalls.number("seccomp"), 1, flags, ctypes.byref(whole)) == 0:
            return True
    if ctypes.get_errno() in _ABSENT:
        return False
    raise OSError(ctypes.get_errno(), "seccomp")


def _seatbelt() -> bool:
    """macOS: deny everything by its sandbox. Written from its header, never run."""
    library = ctypes.CDLL("/usr/lib/libSystem.dylib", use_errno=True)
    message = ctypes.c_char_p()
    if library.sandbox_init(_SANDBOX_PROFILE, ctypes.c_uint64(0), ctypes.byref(message)) != 0:
        raise OSError(errno.EPERM, f"sandbox_init: {message.value!r}")
    return True
