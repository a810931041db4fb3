"""One question in JSON to a policy engine's server, answered with JSON before a deadline, or not at all.

No redirects, no proxies, no retries: an answer that did not come in time, in full and plainly is no answer. JSON is
I-JSON (RFC 7493): UTF-8, no key twice in one object, no lone surrogates, no NaN. What goes wrong is told without what
was sent: the headers carry credentials.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import json
import re
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from bridle.errors import PolicyFault

OWN = frozenset(
    (
        "accept",
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "transfer-encoding",
        "x-request-id",
    )
)
"""Headers that say how a question is put. Nobody else's would be true of it."""

LONGEST_WORD = 100
"""Characters of a server's unexpected word that are repeated in an error."""

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[!-~]([\t -~]*[!-~])?")


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
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`url` is the full URL; `headers` go with every question (a credential, say).

        `seconds` is the deadline from looking up the name to the last byte, half of it for each address that the name
        has; `most_bytes` the size of an answer. Without TLS only this machine is asked, unless `plaintext` says that
        the way there is secured otherwise. `tls` is for an authority of one's own or a certificate of the client's; by
        default the system's authorities are trusted.

        Raises:
            PolicyFault: the URL is none, its way is not secured, or something else can't be used.
        """
        try:
            parts = urlsplit(url)
            sound = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc
            sound = sound and not parts.fragment and url.isascii() and url.isprintable() and " " not in url
            host, port = parts.hostname or "", parts.port
        except ValueError:
            sound = False
        if not sound:
            raise PolicyFault(
                f"{_shown(url)} is no URL of a policy engine: use https://host[:port]/path, without credentials."
            )
        if parts.scheme == "http" and not plaintext and not _local(host):
            raise PolicyFault(f"{_shown(url)} is not secured: use https, or plaintext=True where the way there is.")
        if tls is not None and (tls.verify_mode is not ssl.CERT_REQUIRED or not tls.check_hostname):
            raise PolicyFault("The TLS context verifies no server: use one with CERT_REQUIRED and check_hostname.")
        if not 0 < seconds < threading.TIMEOUT_MAX:
            raise PolicyFault(f"{seconds} is no deadline; state the seconds that an answer may take.")
        self.url, self._where = url, _shown(url)
        self._host, self._port = host, port
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._headers = {**_sendable(headers or {}), "Accept": "application/json"}
        self._seconds, self._most = seconds, most_bytes
        self._tls = None if parts.scheme == "http" else tls or ssl.create_default_context()

    def post(self, body: bytes, headers: Mapping[str, str] | None = None) -> Answered:
        """Ask.

        Raises:
            Unanswered: no answer in time, another status than 200, or something else than one JSON object.
        """
        return self._asked("POST", body, {**self._headers, "Content-Type": "application/json", **(headers or {})})

    def get(self) -> Answered:
        """Read what the server publishes here.

        Raises:
            Unanswered: as `post`.
        """
        return self._asked("GET", None, self._headers)

    def _asked(self, method: str, body: bytes | None, headers: Mapping[str, str]) -> Answered:
        """The answer. Another thread waits for it, since nothing stops a name from being looked up, or a slow drip."""
        exchange = _Exchange(self._connection(), self._seconds)
        ask = (method, self._path, body, headers)
        try:
            threading.Thread(target=exchange.run, args=(ask, self._most + 1), daemon=True).start()
            response, content = exchange.answer.result(self._seconds)
        except TimeoutError:
            raise Unanswered(f"{self._where}: no answer in time") from None
        except OSError as error:
            raise Unanswered(f"{self._where}: {type(error).__name__}: {error}") from None
        except Exception as error:
            # What others say is left out: some repeat the headers that were sent, some what a stranger answered.
            raise Unanswered(f"{self._where}: no answer in HTTP ({type(error).__name__})") from None
        finally:
            exchange.abandon()
        return self._read(response, content)

    def _read(self, response: http.client.HTTPResponse, content: bytes) -> Answered:
        received: dict[str, str] = {}
        for header, value in response.getheaders():
            name = header.lower()
            received[name] = value if received.get(name, value) == value else f"{received[name]}, {value}"
        if response.status != 200:
            raise Unanswered(f"{self._where}: status {response.status}")
        if len(content) > self._most:
            raise Unanswered(f"{self._where}: an answer of more than {self._most} bytes")
        if response.length:
            raise Unanswered(f"{self._where}: {response.length} bytes of the answer are missing")
        if received.get("content-type", "").split(";")[0].strip().lower() != "application/json":
            raise Unanswered(f"{self._where}: an answer that is not application/json")
        try:
            answer = _parsed(content)
        except (ValueError, RecursionError) as error:
            raise Unanswered(f"{self._where}: an answer that is not JSON: {error}") from None
        if not isinstance(answer, dict):
            raise Unanswered(f"{self._where}: an answer that is no JSON object")
        return Answered(answer, received)

    def _connection(self) -> http.client.HTTPConnection:
        # A name may have an address that nobody answers at: half the time is left for another.
        if self._tls is not None:
            return http.client.HTTPSConnection(self._host, self._port, timeout=self._seconds / 2, context=self._tls)
        return http.client.HTTPConnection(self._host, self._port, timeout=self._seconds / 2)


class _Exchange:
    """A question and its answer on a connection of their own, which whoever waits for it may give up at any time."""

    def __init__(self, connection: http.client.HTTPConnection, seconds: float) -> None:
        self.answer: Future[tuple[http.client.HTTPResponse, bytes]] = Future()
        self._connection, self._seconds = connection, seconds
        self._connected: socket.socket | None = None

    def run(self, ask: tuple[str, str, bytes | None, Mapping[str, str]], most: int) -> None:
        """Connect, ask, and read at most so many bytes. Nothing is asked that nobody waits for any more."""
        try:
            self._connection.connect()
        except BaseException as error:
            self._close()
            if self.answer.set_running_or_notify_cancel():
                self.answer.set_exception(error)
            return
        try:
            self._connected = self._connection.sock
            if not self.answer.set_running_or_notify_cancel():
                return
            self._connected.settimeout(self._seconds)
            method, path, body, headers = ask
            self._connection.request(method, path, body, dict(headers))
            response = self._connection.getresponse()
            self.answer.set_result((response, response.read(most)))
        except BaseException as error:
            self.answer.set_exception(error)
        finally:
            self._close()

    def abandon(self) -> None:
        """Wait no longer: what runs on is cut off."""
        self.answer.cancel()
        if self._connected is not None and not self.answer.done():
            with contextlib.suppress(OSError):  # It is closed already, which is all that is wanted.
                # Not a TLS socket's own, which would take away what the other thread is reading from.
                socket.socket.shutdown(self._connected, socket.SHUT_RDWR)

    def _close(self) -> None:
        with contextlib.suppress(OSError):  # As above.
            self._connection.close()


def under(base: str, path: str) -> str:
    """The URL of a path below a server's base.

    Raises:
        PolicyFault: the base has a query or a fragment, which nothing can stand below.
    """
    if "?" in base or "#" in base:
        raise PolicyFault(f"{_shown(base)} is no base of a policy engine's server: leave out its query and fragment.")
    return base.rstrip("/") + path


def texts(value: Any) -> tuple[str, ...]:
    """The strings of a list of strings, or the one string; nothing where it is neither."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, Sequence):
        return tuple(item for item in value if isinstance(item, str))
    return ()


def word(value: Any) -> str:
    """A server's unexpected value, as far as it is worth repeating."""
    shown = repr(value)
    return shown if len(shown) <= LONGEST_WORD else f"{shown[:LONGEST_WORD]}…"


def _sendable(headers: Mapping[str, str]) -> Mapping[str, str]:
    """These headers, each of which can be sent as it is. What is wrong is told without showing a value.

    Raises:
        PolicyFault: one can't be sent.
    """
    for name, value in headers.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise PolicyFault(
                "A header of a policy engine's server has a name that is none; use one such as X-Api-Key."
            )
        if name.lower() in OWN:
            raise PolicyFault(f"The header {name} is not yours to set; leave it out.")
        if not isinstance(value, str) or not _VALUE.fullmatch(value):
            raise PolicyFault(
                f"The header {name} can't be sent: its value is printable ASCII without white space around it, "
                "such as the end of a line that was read from a file."
            )
    return headers


def _shown(url: str) -> str:
    """A URL as it may be told: without credentials and query."""
    return re.sub(r"//[^/?#]*@", "//…@", url.split("?")[0])


def _parsed(content: bytes) -> Any:
    """The JSON; ValueError for what is not I-JSON."""
    value = json.loads(content.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
    if b"\\u" in content:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys are there once: of two decisions in one answer nobody knows which holds."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
