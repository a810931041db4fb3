"""Attacks on memory: that of other processes, code made at run time, and what this process was forked with."""

from __future__ import annotations

from dataclasses import replace

from bridle.sandbox.attacks.attack import LIMITS, Attack, Family, Trigger
from bridle.sandbox.attacks.sources import text
from bridle.sandbox.attacks.triggers import ONCE, TWICE


def _attack(name: str, body: str, trigger: Trigger = ONCE, seconds: float = LIMITS.call_seconds) -> Attack:
    limits = replace(LIMITS, call_seconds=seconds)
    return Attack(name=name, family=Family.MEMORY, source=text(body), trigger=trigger, limits=limits)


_VECTORS = """
def vector(ctypes, address, size):
    return (ctypes.c_size_t * 2)(address, size)
"""

_MACHINE_CODE = """
def run(ctypes, address):
    answer = ctypes.CFUNCTYPE(ctypes.c_int)(address)()
    return "ESCAPED: machine code answered %d" % answer


def code(bait):
    x86, arm = "b82a000000c3", "40058052c0035fd6"
    return bytes.fromhex(x86 if "iopl" in bait["calls"] else arm)
"""

ATTACKS = (
    _attack(
        "read-a-process",
        f"""{_VECTORS}

def attack(bait):
    ctypes, libc = native()
    kept = ctypes.create_string_buffer(32)
    here = vector(ctypes, ctypes.addressof(kept), 32)
    ask(bait, "process_vm_readv", bait["decoy"], here, 1, vector(ctypes, bait["address"], 32), 1, 0)
    return kept.raw.decode()
""",
    ),
    _attack(
        "write-a-process",
        f"""{_VECTORS}

def attack(bait):
    ctypes, libc = native()
    kept = ctypes.create_string_buffer(b"here" * 8)
    here = vector(ctypes, ctypes.addressof(kept), 32)
    return str(ask(bait, "process_vm_writev", bait["decoy"], here, 1, vector(ctypes, bait["address"], 32), 1, 0))
""",
    ),
    _attack(
        "memory-by-proc",
        """
def attack(bait):
    os = module("os")

    def take():
        return os.pread(os.open("/proc/%d/mem" % bait["decoy"], os.O_RDONLY), 32, bait["address"])

    def put():
        return os.pwrite(os.open("/proc/%d/mem" % bait["decoy"], os.O_WRONLY), b"here", bait["address"])

    return tries(take, put)
""",
    ),
    _attack(
        "neighbours-memory-by-proc",
        """
def attack(bait):
    os, found = module("os"), []
    me = os.getpid()

    def maps(pid):
        for line in module("io").open("/proc/%d/maps" % pid):
            start, end = [int(part, 16) for part in line.split()[0].split("-")]
            if "[heap]" in line or line.split()[-1] == "0":
                found.append(module("io").open("/proc/%d/mem" % pid, "rb", 0))
                found[-1].seek(start)
                yield found[-1].read(end - start)

    def search(pid):
        return "ESCAPED: read %d bytes" % len(b"".join(maps(pid)))

    return tries(*[lambda pid=pid: search(pid) for pid in bait["workers"] + bait["zygotes"] if pid != me])
""",
    ),
    _attack(
        "what-it-was-forked-with",
        """
def attack(bait):
    gc, found = module("gc"), []
    for kept in gc.get_objects():
        for inner in gc.get_referents(kept):
            if isinstance(inner, str) and len(inner) == 32 and set(inner) <= set("0123456789abcdef"):
                found.append(inner)
    os = module("os")
    return "ESCAPED: %s" % dict(os.environ) if "SECRET" in os.environ else " ".join(found)
""",
    ),
    _attack(
        "run-machine-code",
        f"""{_MACHINE_CODE}

def attack(bait):
    ctypes, libc = native()
    mmap = module("mmap")
    made = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    made.write(code(bait))
    return run(ctypes, ctypes.addressof(ctypes.c_char.from_buffer(made)))
""",
    ),
    _attack(
        "make-memory-executable",
        f"""{_MACHINE_CODE}

def attack(bait):
    ctypes, libc = native()
    made = module("mmap").mmap(-1, 4096)
    made.write(code(bait))
    address = ctypes.addressof(ctypes.c_char.from_buffer(made))
    libc.mprotect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)

    def plainly():
        if libc.mprotect(address, 4096, 7) != 0:
            raise OSError(ctypes.get_errno(), "mprotect")
        return run(ctypes, address)

    def by_key():
        ask(bait, "pkey_mprotect", address, 4096, 7, -1)
        return run(ctypes, address)

    def by_personality():
        ask(bait, "personality", 0x0400000)
        return "ESCAPED: what is readable is executable"

    return tries(plainly, by_key, by_personality)
""",
    ),
    _attack(
        "write-over-code",
        """
def attack(bait):
    ctypes, libc = native()
    address = ctypes.cast(libc.getpid, ctypes.c_void_p).value
    libc.mprotect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    if libc.mprotect(address & ~4095, 4096, 7) != 0:
        raise OSError(ctypes.get_errno(), "mprotect")
    return "ESCAPED: the code of libc can be written"
""",
    ),
    _attack(
        "shared-memory",
        """
def attack(bait):
    create, private, remove = 0o1600, 0, 0

    def segment():
        made = ask(bait, "shmget", private, 4096, create)
        return "ESCAPED: segment, and back %d" % ask(bait, "shmctl", made, remove, 0)

    def queue():
        made = ask(bait, "msgget", private, create)
        return "ESCAPED: queue, and back %d" % ask(bait, "msgctl", made, remove, 0)

    def semaphore():
        made = ask(bait, "semget", private, 1, create)
        return "ESCAPED: semaphore, and back %d" % ask(bait, "semctl", made, 0, remove)

    return tries(
        segment,
        queue,
        semaphore,
        lambda: "ESCAPED: mailbox %d" % ask(bait, "mq_open", b"bridle" + bytes(1), 0, 0, 0),
        lambda: "ESCAPED: secret memory %d" % ask(bait, "memfd_secret", 0),
    )
""",
    ),
    _attack(
        "hoard",
        """
def attack(bait):
    kept = []
    while True:
        try:
            kept.append(bytearray(1 << 20))
        except MemoryError:
            return "held %d MB" % len(kept)
        if len(kept) > 256:
            return "ESCAPED: holds %d MB" % len(kept)
""",
        seconds=2.0,
    ),
    _attack(
        "one-huge-object",
        """
def attack(bait):
    huge = "a" * (1 << 40)
    return "ESCAPED: holds %d" % len(huge)
""",
        TWICE,
    ),
    _attack(
        "out-of-memory-in-C",
        """
def attack(bait):
    return tries(
        lambda: len(json.dumps(["x" * 1000000] * 300)),
        lambda: len(re.sub("a", "b" * 100000, "a" * 10000)),
        lambda: len(list(range(10**9))),
    )
""",
        seconds=2.0,
    ),
    _attack(
        "follow-a-null-pointer",
        """
def attack(bait):
    ctypes, libc = native()
    return str(ctypes.string_at(0))
""",
    ),
    _attack(
        "scribble-over-the-shared-page",
        """
def attack(bait):
    gc = module("gc")
    for kept in gc.get_objects():
        if isinstance(kept, module("mmap").mmap):
            memoryview(kept)[:] = b"\\xff" * len(kept)
    for kept in gc.get_objects():
        counters = pick("_counters")
        try:
            counters(kept)[:3]
        except (AttributeError, TypeError, ValueError):
            continue
        for place in range(len(counters(kept))):
            counters(kept)[place] = 0xFFFFFFFF
    return "written"
""",
        TWICE,
    ),
)
