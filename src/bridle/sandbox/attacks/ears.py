"""Listeners on this machine's loopback, and whether anybody reached them."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path
from types import TracebackType

_LOOPBACK, _LOOPBACK6 = "127.0.0.1", "::1"
_CONNECT_SECONDS = 0.2


class Ears:
    """A listener per way out: TCP over both versions of IP, UDP, Unix sockets by path and by abstract name."""

    def __init__(self, folder: Path) -> None:
        """Listen. `folder` takes the Unix socket."""
        self.path = str(folder / "listener")
        self.abstract = f"bridle-attack-{os.getpid()}"
        self._streams: dict[str, socket.socket] = {}
        self._datagrams: dict[str, socket.socket] = {}
        self._streams["TCP"] = _bound(socket.AF_INET, socket.SOCK_STREAM, (_LOOPBACK, 0))
        with suppress(OSError):  # a machine without IPv6
            self._streams["TCP over IPv6"] = _bound(socket.AF_INET6, socket.SOCK_STREAM, (_LOOPBACK6, 0))
        self._streams["the Unix socket"] = _bound(socket.AF_UNIX, socket.SOCK_STREAM, self.path)
        with suppress(OSError):  # not on macOS
            self._streams["the abstract socket"] = _bound(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + self.abstract)
        self._datagrams["UDP"] = _bound(socket.AF_INET, socket.SOCK_DGRAM, (_LOOPBACK, 0))
        os.chmod(self.path, 0o777)
        for listener in self._streams.values():
            listener.listen()
        with _bound(socket.AF_INET, socket.SOCK_STREAM, (_LOOPBACK, 0)) as free:
            self.free: int = free.getsockname()[1]

    @property
    def ports(self) -> dict[str, int]:
        """The ports to attack: `tcp`, `udp`, and `tcp6` (0: no IPv6)."""
        six = self._streams.get("TCP over IPv6")
        return {
            "tcp": self._streams["TCP"].getsockname()[1],
            "tcp6": six.getsockname()[1] if six else 0,
            "udp": self._datagrams["UDP"].getsockname()[1],
        }

    def heard(self) -> list[str]:
        """What reached a listener since the last look, and whether somebody else listens now."""
        found = []
        for name, listener in self._streams.items():
            with suppress(BlockingIOError):
                listener.accept()[0].close()
                found.append(f"{name} heard a connection")
        for name, listener in self._datagrams.items():
            with suppress(BlockingIOError):
                listener.recv(64)
                found.append(f"{name} heard a datagram")
        with suppress(OSError):
            socket.create_connection((_LOOPBACK, self.free), _CONNECT_SECONDS).close()
            found.append("somebody listens on a port that it opened")
        return found

    def close(self) -> None:
        """Stop listening."""
        for listener in (*self._streams.values(), *self._datagrams.values()):
            listener.close()

    def __enter__(self) -> Ears:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _bound(family: int, kind: int, address: tuple[str, int] | str) -> socket.socket:
    made = socket.socket(family, kind)
    try:
        made.bind(address)
        made.setblocking(False)
    except OSError:
        made.close()
        raise
    return made
