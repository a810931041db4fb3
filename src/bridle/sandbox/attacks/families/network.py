"""Attacks on the network: everything that leaves the process by a socket."""

from __future__ import annotations

from bridle.sandbox.attacks.attack import Attack, Family
from bridle.sandbox.attacks.sources import text
from bridle.sandbox.attacks.triggers import ONCE


def _attack(name: str, body: str) -> Attack:
    return Attack(name=name, family=Family.NETWORK, source=text(body), trigger=ONCE)


ATTACKS = (
    _attack(
        "connect-by-tcp",
        """
def attack(bait):
    module("socket").create_connection(("127.0.0.1", bait["tcp"])).sendall(b"here")
    return "connected"
""",
    ),
    _attack(
        "connect-by-tcp-over-ipv6",
        """
def attack(bait):
    if not bait["tcp6"]:
        raise LookupError("n/a: this machine has no IPv6")
    module("socket").create_connection(("::1", bait["tcp6"])).sendall(b"here")
    return "connected"
""",
    ),
    _attack(
        "connect-by-mptcp",
        """
def attack(bait):
    socket = module("socket")
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
    made.connect(("127.0.0.1", bait["tcp"]))
    return "connected past what only knows TCP"
""",
    ),
    _attack(
        "listen",
        """
def attack(bait):
    socket = module("socket")
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", bait["free"]))
    made.listen()
    keep.append(made)
    return "listening"


keep = []
""",
    ),
    _attack(
        "send-by-udp",
        """
def attack(bait):
    socket = module("socket")
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"here", ("127.0.0.1", bait["udp"]))
    return "sent"
""",
    ),
    _attack(
        "unix-socket",
        """
def attack(bait):
    socket = module("socket")
    socket.socket(socket.AF_UNIX).connect(bait["socket"])
    return "connected"
""",
    ),
    _attack(
        "abstract-unix-socket",
        """
def attack(bait):
    socket = module("socket")
    socket.socket(socket.AF_UNIX).connect(bytes(1) + bait["abstract"].encode())
    return "connected"
""",
    ),
    _attack(
        "look-a-name-up",
        """
def attack(bait):
    socket = module("socket")
    return tries(
        lambda: "ESCAPED: %s" % socket.getaddrinfo("localhost", 80),
        lambda: "ESCAPED: %s" % socket.gethostbyname("localhost"),
    )
""",
    ),
    _attack(
        "other-sockets",
        """
def attack(bait):
    socket = module("socket")

    def take(family, kind):
        return "ESCAPED: socket %d" % socket.socket(family, kind).fileno()

    netlink, packet, crypto, virtual = 16, 17, 38, 40
    return tries(
        lambda: take(netlink, socket.SOCK_RAW),
        lambda: take(packet, socket.SOCK_RAW),
        lambda: take(crypto, socket.SOCK_SEQPACKET),
        lambda: take(virtual, socket.SOCK_STREAM),
        lambda: take(socket.AF_INET, socket.SOCK_RAW),
        lambda: "ESCAPED: pair %s" % (socket.socketpair(),),
    )
""",
    ),
    _attack(
        "steal-a-descriptor",
        """
def attack(bait):
    module("os").closerange(0, 3)
    other = ask(bait, "pidfd_open", bait["decoy"], 0)
    return str(module("os").read(ask(bait, "pidfd_getfd", other, bait["descriptor"], 0), 100))
""",
    ),
)
