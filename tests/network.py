"""Refuses the network to this process: connecting and looking names up fail, but for the loopback.

Binding a socket stays possible (some libraries do, without ever connecting). `PREAMBLE` does the same in the Python
programs that a test starts.
"""

from __future__ import annotations

import ipaddress
import os
import sys
from pathlib import Path

LOOKUPS = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo")
SENDS = ("socket.connect", "socket.sendto", "socket.sendmsg")

PREAMBLE = f"import sys; sys.path.append({str(Path(__file__).parent)!r}); import network; network.refuse()\n"


class NetworkRefused(RuntimeError):
    """A test reached for the network. Not an OSError: no client takes it for a fault that a retry could mend."""


def refuse() -> None:
    """Refuse from now on, for the life of the process: an audit hook can't be taken away."""
    sys.addaudithook(_audit)


def child_environment(folder: Path) -> dict[str, str]:
    """Environment variables under which every Python program started refuses the network too."""
    (folder / "sitecustomize.py").write_text(PREAMBLE)
    return {**os.environ, "PYTHONPATH": str(folder)}


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if event in LOOKUPS and not _local(arguments[0][0] if isinstance(arguments[0], tuple) else arguments[0]):
        raise NetworkRefused(f"{event} {arguments[0]!r}: tests have no network.")
    if event in SENDS and isinstance(arguments[1], tuple) and not _local(arguments[1][0]):
        raise NetworkRefused(f"{event} {arguments[1]!r}: tests have no network.")


def _local(host: object) -> bool:
    """Whether the host is this machine; nothing at all (a wildcard to bind to) is."""
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if name is None or name in ("", "localhost", "localhost.localdomain"):
        return True
    try:
        address = ipaddress.ip_address(str(name).partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
