"""Attacks on files: reading, writing, changing, and the ways around a path check."""

from __future__ import annotations

from bridle.sandbox.attacks.attack import Attack, Family
from bridle.sandbox.attacks.sources import text
from bridle.sandbox.attacks.triggers import ONCE


def _attack(name: str, body: str) -> Attack:
    return Attack(name=name, family=Family.FILES, source=text(body), trigger=ONCE)


ATTACKS = (
    _attack(
        "read-a-file",
        """
def attack(bait):
    return module("io").open(bait["secret"]).read()
""",
    ),
    _attack(
        "read-by-other-calls",
        """
def attack(bait):
    os, path = module("os"), bait["secret"].encode() + bytes(1)
    how = (0).to_bytes(24, "little")

    def by_number():
        return os.read(ask(bait, "open", path, 0), 100)

    def by_openat2():
        return os.read(ask(bait, "openat2", -100, path, how, 24), 100)

    def by_folder():
        return os.read(os.open("secret.txt", 0, dir_fd=os.open(bait["folder"], os.O_PATH)), 100)

    return tries(by_number, by_openat2, by_folder)
""",
    ),
    _attack(
        "open-by-handle",
        """
def attack(bait):
    handle = (128).to_bytes(4, "little") + bytes(132)
    ctypes, libc = native()
    kept, mount = ctypes.create_string_buffer(handle), ctypes.c_int()
    path = bait["secret"].encode() + bytes(1)

    def name():
        return ask(bait, "name_to_handle_at", -100, path, kept, ctypes.byref(mount), 0)

    def take():
        return module("os").read(ask(bait, "open_by_handle_at", -100, kept, 0), 100)

    return tries(name, take)
""",
    ),
    _attack(
        "write-a-file",
        """
def attack(bait):
    module("io").open(bait["target"], "w").write("here")
    return "wrote"
""",
    ),
    _attack(
        "links",
        """
def attack(bait):
    os = module("os")
    return tries(
        lambda: os.symlink(bait["secret"], bait["target"]),
        lambda: os.link(bait["precious"], bait["target"] + "-hard"),
        lambda: os.read(os.open(bait["target"], os.O_RDONLY), 100),
    )
""",
    ),
    _attack(
        "new-entries",
        """
def attack(bait):
    os = module("os")
    return tries(
        lambda: os.mkdir(bait["target"] + "-folder"),
        lambda: os.mkfifo(bait["target"] + "-pipe"),
        lambda: os.mknod(bait["target"] + "-node", 0o100666),
    )
""",
    ),
    _attack(
        "remove-and-rename",
        """
def attack(bait):
    os = module("os")
    return tries(
        lambda: os.unlink(bait["precious"]),
        lambda: os.rename(bait["precious"], bait["target"]),
        lambda: os.rmdir(bait["drop"]),
    )
""",
    ),
    _attack(
        "truncate",
        """
def attack(bait):
    os = module("os")
    return tries(
        lambda: os.truncate(bait["precious"], 0),
        lambda: os.open(bait["precious"], os.O_WRONLY | os.O_TRUNC),
    )
""",
    ),
    _attack(
        "change-mode-and-times",
        """
def attack(bait):
    os = module("os")
    return tries(
        lambda: os.chmod(bait["precious"], 0o777),
        lambda: os.chown(bait["precious"], 0, 0),
        lambda: os.utime(bait["precious"], (1, 1)),
        lambda: os.setxattr(bait["precious"], "user.mark", b"here"),
    )
""",
    ),
    _attack(
        "look-around",
        """
def attack(bait):
    os = module("os")
    return tries(
        lambda: "ESCAPED: size %d" % os.stat(bait["secret"]).st_size,
        lambda: "ESCAPED: it holds %s" % os.listdir(bait["folder"]),
        lambda: "ESCAPED: it may read" if os.access(bait["secret"], os.R_OK) else "no access",
        lambda: "ESCAPED: mounted %d" % os.statvfs(bait["folder"]).f_blocks,
    )
""",
    ),
    _attack(
        "change-folder",
        """
def attack(bait):
    os = module("os")
    return tries(
        lambda: os.chdir(bait["folder"]),
        lambda: module("io").open("secret.txt").read(),
        lambda: "ESCAPED: in " + os.getcwd(),
    )
""",
    ),
    _attack(
        "devices",
        """
def attack(bait):
    os = module("os")

    def take(path):
        return "ESCAPED: %r" % os.read(os.open(path, os.O_RDONLY), 8)

    names = ("urandom", "zero", "kmsg", "mem", "tty", "shm")
    return tries(*[lambda name=name: take("/dev/" + name) for name in names])
""",
    ),
    _attack(
        "proc",
        """
def attack(bait):
    io, os = module("io"), module("os")

    def take(path):
        return "ESCAPED: " + io.open(path, "rb").read().hex()[:200]

    paths = ("self/maps", "self/environ", "1/cmdline", "version")
    return tries(
        *[lambda path=path: take("/proc/" + path) for path in paths],
        lambda: "ESCAPED: %s" % os.listdir("/proc"),
        lambda: "ESCAPED: " + os.readlink("/proc/self/exe"),
    )
""",
    ),
    _attack(
        "proc-of-others",
        """
def attack(bait):
    io, os = module("io"), module("os")
    other = "/proc/%d/" % bait["decoy"]
    return tries(
        lambda: io.open(other + "environ", "rb").read().replace(bytes(1), b" ").decode(),
        lambda: os.read(os.open(other + "fd/%d" % bait["descriptor"], os.O_RDONLY), 100),
        lambda: io.open("/proc/%d/fd/%d" % (bait["parent"], bait["inherited"])).read(),
        lambda: io.open("/proc/self/root" + bait["secret"]).read(),
        lambda: io.open("/proc/%d/cwd%s" % (bait["decoy"], bait["secret"])).read(),
    )
""",
    ),
    _attack(
        "inherited-descriptors",
        """
def attack(bait):
    os, found = module("os"), []
    for number in range(5, 4096):
        try:
            os.lseek(number, 0, 0)
        except OSError:
            pass
        try:
            found.append(os.read(number, 100))
        except OSError:
            pass
        try:
            os.write(number, b"here")
            found.append("ESCAPED: wrote to %d" % number)
        except OSError:
            pass
    return "found %r" % found
""",
    ),
    _attack(
        "import-from-disk",
        """
def attack(bait):
    sys = module("sys")
    sys.path.insert(0, bait["folder"])
    sys.path_importer_cache.clear()
    return module(bait["planted"]).SECRET
""",
    ),
    _attack(
        "load-a-library",
        """
NAMES = ("libthread_db.so.1", "libanl.so.1", "libBrokenLocale.so.1", "libsqlite3.so.0")


def attack(bait):
    ctypes, libc = native()
    return tries(*[lambda name=name: "ESCAPED: %s" % ctypes.CDLL(name) for name in NAMES])
""",
    ),
    _attack(
        "watch-files",
        """
def attack(bait):
    return tries(
        lambda: "ESCAPED: inotify %d" % ask(bait, "inotify_init1", 0),
        lambda: "ESCAPED: fanotify %d" % ask(bait, "fanotify_init", 0, 0),
    )
""",
    ),
)
