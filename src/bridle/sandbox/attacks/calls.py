"""Numbers of the system calls that attacks ask for by number, whether or not the sandbox knows them.

Source: linux/arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h. A call that a machine lacks
is left out. The aarch64 column has not been run.
"""

from __future__ import annotations

from bridle.sandbox import syscalls

_BOTH = {
    "pidfd_send_signal": (424, 424), "io_uring_setup": (425, 425), "open_tree": (428, 428), "fsopen": (430, 430),
    "pidfd_open": (434, 434), "clone3": (435, 435), "openat2": (437, 437), "pidfd_getfd": (438, 438),
    "landlock_create_ruleset": (444, 444), "memfd_secret": (447, 447),
    "execveat": (322, 281), "clone": (56, 220), "tgkill": (234, 131), "rt_sigqueueinfo": (129, 138),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "mount": (165, 40),
    "unshare": (272, 97), "setns": (308, 268), "chroot": (161, 51), "pivot_root": (155, 41), "keyctl": (250, 219),
    "add_key": (248, 217), "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "memfd_create": (319, 279), "init_module": (175, 105), "prctl": (157, 167), "personality": (135, 92),
    "shmget": (29, 194), "shmctl": (31, 195), "msgget": (68, 186), "msgctl": (71, 187), "semget": (64, 190),
    "semctl": (66, 191), "mq_open": (240, 180), "pkey_mprotect": (329, 288), "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264), "seccomp": (317, 277), "syslog": (103, 116), "eventfd2": (290, 19),
    "epoll_create1": (291, 20), "inotify_init1": (294, 26), "fanotify_init": (300, 262), "timerfd_create": (283, 85),
    "getrandom": (318, 278), "sched_setaffinity": (203, 122), "fcntl": (72, 25), "kcmp": (312, 272),
    "timer_create": (222, 107),
}  # fmt: skip
_X86_64 = {"fork": 57, "open": 2, "iopl": 172, "modify_ldt": 154}


def numbers() -> dict[str, int]:
    """Number by name on this machine; empty where there is no table for it."""
    if syscalls.machine() == "x86_64":
        return {**{name: pair[0] for name, pair in _BOTH.items()}, **_X86_64}
    return {name: pair[1] for name, pair in _BOTH.items()} if syscalls.machine() == "aarch64" else {}


_HARMLESS = {
    "x86_64": (0, 1, 9, 10, 11, 12, 14, 15, 25, 28, 60, 202, 219, 231, 335, 336),
    "aarch64": (63, 64, 222, 226, 215, 214, 135, 139, 216, 233, 93, 98, 128, 94),
}
"""read, write, mmap, mprotect, munmap, brk, rt_sigprocmask, rt_sigreturn, mremap, madvise, exit, futex, restart_syscall
and exit_group: all that a worker has to be able to ask for. Written down here again on purpose. On x86_64 uretprobe and
uprobe too, which the kernel does not show to filters, and answers with SIGILL where it did not put them itself."""


_ELSEWHERE = {
    "x86_64": (56, 57, 58, 62, 129, 169, 200, 234, 297, 424, 435),
    "aarch64": (220, 129, 130, 131, 138, 142, 240, 424, 435),
}
"""What starts processes or signals them, which attacks of their own try with more care, and reboot."""


def spared() -> list[int]:
    """The calls that a sweep over all of them leaves out: those a worker needs, and those that end it at once."""
    machine = syscalls.machine()
    if machine not in _HARMLESS:
        return []
    fatal = [syscalls.number(name) for name in syscalls.FATAL]
    return sorted({*_HARMLESS[machine], *_ELSEWHERE[machine], *fatal})
