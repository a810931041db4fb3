"""One POST of JSON to a policy engine's server, answered with JSON before a deadline, or not at all.

No redirects, no proxies, no retries: an answer that did not come in time, in full and plainly is no answer.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from bridle.errors import PolicyFault


class Unanswered(Exception):
    """The server gave no usable answer; its text says why."""


class Answered(NamedTuple):
    """A JSON object, and the headers it came with, in lower case."""

    body: dict[str, Any]
    headers: Mapping[str, str]


class Endpoint:
    """Where a server takes questions. Safe to use from several threads: every question has its own connection."""

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        seconds: float = 2.0,
        most_bytes: int = 1 << 20,
        plaintext: bool = False,
    ) -> None:
        """`url` is the full URL; `headers` go with every question (a credential, say).

        `seconds` is the deadline for connecting, and again from there to the last byte; `most_bytes` the size of an
        answer. Without TLS only this machine is asked, unless `plaintext` says that the way there is secured otherwise.

        Raises:
            PolicyFault: the URL is none, or its way is not secured.
        """
        try:
            parts = urlsplit(url)
            sound = parts.scheme in ("http", "https") and parts.hostname and not parts.username and not parts.fragment
            host, port = parts.hostname or "", parts.port
        except ValueError:
            sound = False
        if not sound:
            raise PolicyFault(f"{url} is no URL of a policy engine: use https://host[:port]/path, without credentials.")
        if parts.scheme == "http" and not plaintext and not _local(host):
            raise PolicyFault(f"{url} is not secured: use https, or plaintext=True where the way there is.")
        self.url = url
        self._host, self._port, self._secure = host, port, parts.scheme == "https"
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._headers = {**(headers or {}), "Content-Type": "application/json", "Accept": "application/json"}
        self._seconds, self._most = seconds, most_bytes
        self._tls = ssl.create_default_context() if self._secure else None

    def post(self, body: bytes, headers: Mapping[str, str] | None = None) -> Answered:
        """Ask.

        Raises:
            Unanswered: no answer in time, another status than 200, or something else than one JSON object.
        """
        connection = self._connection()
        late = threading.Event()
        try:
            connection.connect()
            with _deadline(connection.sock, self._seconds, late):
                connection.request("POST", self._path, body, {**self._headers, **(headers or {})})
                response = connection.getresponse()
                content = response.read(self._most + 1)
        except (OSError, http.client.HTTPException, ValueError) as error:
            why = "no answer in time" if late.is_set() or isinstance(error, TimeoutError) else f"{error!r}"
            raise Unanswered(f"{self.url}: {why}") from None
        finally:
            connection.close()
        if late.is_set():
            raise Unanswered(f"{self.url}: no answer in time")
        return self._answer(response, content)

    def _answer(self, response: http.client.HTTPResponse, content: bytes) -> Answered:
        received = {name.lower(): value for name, value in response.getheaders()}
        if response.status != 200:
            raise Unanswered(f"{self.url}: status {response.status}")
        if len(content) > self._most:
            raise Unanswered(f"{self.url}: an answer of more than {self._most} bytes")
        if response.length:
            raise Unanswered(f"{self.url}: {response.length} bytes of the answer are missing")
        if received.get("content-type", "").split(";")[0].strip().lower() != "application/json":
            raise Unanswered(f"{self.url}: an answer that is not application/json")
        try:
            answer = json.loads(content, object_pairs_hook=_once)
        except (ValueError, RecursionError) as error:
            raise Unanswered(f"{self.url}: an answer that is not JSON: {error}") from None
        if not isinstance(answer, dict):
            raise Unanswered(f"{self.url}: an answer that is no JSON object")
        return Answered(answer, received)

    def _connection(self) -> http.client.HTTPConnection:
        if self._tls is not None:
            return http.client.HTTPSConnection(self._host, self._port, timeout=self._seconds, context=self._tls)
        return http.client.HTTPConnection(self._host, self._port, timeout=self._seconds)


def texts(value: Any) -> tuple[str, ...]:
    """The strings of a list of strings, or the one string; nothing where it is neither."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, Sequence):
        return tuple(item for item in value if isinstance(item, str))
    return ()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys are there once: of two decisions in one answer nobody knows which holds."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


@contextlib.contextmanager
def _deadline(connected: socket.socket, seconds: float, late: threading.Event) -> Iterator[None]:
    """Break the connection after so many seconds, unless the block is through by then."""
    timer = threading.Timer(seconds, _abort, (connected, late))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _abort(connected: socket.socket, late: threading.Event) -> None:
    """Break the connection: a server that sends a byte now and then must not outlast the deadline."""
    late.set()
    with contextlib.suppress(OSError):  # It is closed already, which is all that is wanted.
        connected.shutdown(socket.SHUT_RDWR)


def _local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
