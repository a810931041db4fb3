"""Attacks on the kernel: the calls that gain rights, or reach the parts of it where rights were gained before."""

from __future__ import annotations

from bridle.sandbox.attacks.attack import Attack, Family
from bridle.sandbox.attacks.sources import text
from bridle.sandbox.attacks.triggers import ONCE


def _attack(name: str, body: str) -> Attack:
    return Attack(name=name, family=Family.PRIVILEGE, source=text(body), trigger=ONCE)


def _call(name: str, *values: str) -> Attack:
    """One system call, which is an escape if the kernel does it."""
    arguments = ", ".join(("bait", f'"{name}"', *values))
    body = f'def attack(bait):\n    return "ESCAPED: {name} %d" % ask({arguments})\n'
    return _attack(name.replace("_", "-"), body)


_TEXT = 'b"tmpfs" + bytes(1)'
_FOLDER = 'bait["drop"].encode() + bytes(1)'
_NEW_USER, _NEW_NET = "0x10000000", "0x40000000"

ATTACKS = (
    _attack(
        "become-root",
        """
def attack(bait):
    os = module("os")
    return tries(
        lambda: "ESCAPED: root %s" % os.setuid(0),
        lambda: "ESCAPED: root %s" % os.setresuid(0, 0, 0),
        lambda: "ESCAPED: root's group %s" % os.setgid(0),
        lambda: "ESCAPED: groups %s" % os.setgroups([0]),
    )
""",
    ),
    _call("mount", _TEXT, _FOLDER, _TEXT, "0", "0"),
    _call("unshare", _NEW_USER),
    _call("setns", "3", _NEW_NET),
    _call("chroot", _FOLDER),
    _call("pivot_root", _FOLDER, _FOLDER),
    _call("open_tree", "-100", _FOLDER, "1"),
    _call("fsopen", _TEXT, "0"),
    _call("keyctl", "0", "-1", "1"),
    _call("add_key", 'b"user" + bytes(1)', 'b"bridle" + bytes(1)', 'b"x"', "1", "-1"),
    _call("bpf", "0", "bytes(128)", "128"),
    _call("perf_event_open", "bytes([0] * 4 + [128] + [0] * 123)", "0", "-1", "-1", "0"),
    _call("userfaultfd", "1"),
    _call("io_uring_setup", "4", "bytes(120)"),
    _call("memfd_create", _TEXT, "0"),
    _call("init_module", 'b"x"', "1", "bytes(1)"),
    _call("syslog", "3", "bytearray(0) or bytes(64)", "64"),
    _call("modify_ldt", "0", "bytes(16)", "16"),
    _call("kcmp", 'bait["decoy"]', 'bait["decoy"]', "1", "0", "0"),
    _call("seccomp", "0", "0", "0"),
    _call("landlock_create_ruleset", "0", "0", "1"),
    _attack(
        "undo-the-confinement",
        """
def attack(bait):
    resource = module("resource")
    raised = [resource.RLIMIT_NPROC, resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE, resource.RLIMIT_AS]
    return tries(
        *[lambda limit=limit: "ESCAPED: limit %s" % resource.setrlimit(limit, (-1, -1)) for limit in raised],
        lambda: "ESCAPED: may be dumped %d" % ask(bait, "prctl", 4, 1, 0, 0, 0),
        lambda: "ESCAPED: new privileges %d" % ask(bait, "prctl", 38, 0, 0, 0, 0),
        lambda: "ESCAPED: keeps capabilities %d" % ask(bait, "prctl", 8, 1, 0, 0, 0),
    )
""",
    ),
    _attack(
        "the-other-system-call-table",
        """
def attack(bait):
    ctypes, libc = native()
    x32, getpid = 0x40000000, 39
    found = libc.syscall(ctypes.c_long(x32 | getpid))
    if found < 0:
        raise OSError(ctypes.get_errno(), "x32")
    return "ESCAPED: x32 answered %d" % found
""",
    ),
    _attack(
        "every-other-system-call",
        """
def attack(bait):
    ctypes, libc = native()
    if not bait["calls"]:
        raise LookupError("n/a: this machine has no table of system calls")
    done = []
    for number in range(0, 470):
        if number in bait["spared"]:
            continue
        ctypes.set_errno(0)
        result = libc.syscall(ctypes.c_long(number), ctypes.c_long(-1), ctypes.c_long(-1), ctypes.c_long(-1))
        if result >= 0 or ctypes.get_errno() not in (1, 38):
            done.append((number, result, ctypes.get_errno()))
    return "ESCAPED: %s" % done if done else "every other call is refused"
""",
    ),
)
