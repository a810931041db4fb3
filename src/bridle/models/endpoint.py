"""An OpenAI-compatible server: `POST {address}/chat/completions`, by the standard library alone.

One `complete` is one HTTP request on a connection of its own: no hidden retry, and no redirect is followed (it would
carry the key elsewhere). Source of the format: the OpenAI API reference, "Create chat completion".
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import threading
import time
import urllib.parse
import urllib.request
from base64 import b64encode
from typing import Any, NamedTuple

from bridle.errors import ModelFault, UsageError
from bridle.models.answer import LARGEST, excerpt, usable
from bridle.models.model import Completion, Request, Usage
from bridle.models.prices import price
from bridle.models.refusal import refusal

TIMEOUT = 600.0
"""Seconds for a whole request."""

CONNECT = 10.0
"""Seconds of them for the connection."""


def key() -> str | None:
    """The key to send: `BRIDLE_API_KEY`, else `OPENAI_API_KEY`; an empty one is none. Many local servers need none.

    Raises:
        UsageError: it holds a character that no header can.
    """
    for variable in ("BRIDLE_API_KEY", "OPENAI_API_KEY"):
        if (value := os.environ.get(variable)) is not None:
            value = value.strip()
            if not (value.isascii() and value.isprintable()):
                raise UsageError(f"{variable} holds a character that can't be sent (a line break?); set it again.")
            return value or None
    return None


class Answer(NamedTuple):
    """An HTTP answer, read whole; the headers' names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Endpoint:
    """A model behind an OpenAI-compatible server."""

    def __init__(self, address: str, model: str, *, timeout: float = TIMEOUT, label: str | None = None) -> None:
        """`address` is the API's (`https://host/v1`; a query is passed on), `label` who answers (else its own word).

        The key is read from the environment now, see `key`.

        Raises:
            UsageError: the address is none, or holds a user or a password.
        """
        try:
            self._address = parts = urllib.parse.urlsplit(address)
            sound = bool(parts.scheme in ("http", "https") and parts.hostname and model and parts.port != 0)
            sound = sound and address.isascii() and address.isprintable() and " " not in address
        except ValueError:
            sound = False
        if not sound:
            raise UsageError(f"{address}#{model} is not a model; write  http://HOST:PORT/v1#MODEL .")
        if parts.username or parts.password:
            raise UsageError("A model's address can't hold a user or a password; put the key into BRIDLE_API_KEY.")
        path = parts.path.rstrip("/").removesuffix("/chat/completions")
        self._target = parts._replace(scheme="", netloc="", path=f"{path}/chat/completions", fragment="").geturl()
        # A query may hold a key, so the name, which is journalled, leaves it out.
        self._base = parts._replace(path=path, query="", fragment="").geturl()
        self.name = f"{self._base}#{model}"
        self._model, self._label, self._timeout, self._key = model, label, timeout, key()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._closed = False

    def complete(self, request: Request) -> Completion:
        """One HTTP request.

        Raises:
            ModelFault: no connection, no answer in time, a status other than 200, or a body that holds no text.
        """
        start = time.monotonic()
        try:
            answer = self._exchange(self._body(request), start + self._timeout)
        except (OSError, http.client.HTTPException) as error:
            if self._closed:
                raise ModelFault(f"{self.name} was closed.", permanent=True) from None
            if isinstance(error, TimeoutError):
                raise ModelFault(f"{self.name} did not answer within {self._timeout:g} s.") from None
            reason = excerpt(str(error)) or type(error).__name__
            raise ModelFault(f"{self.name} can't be reached or broke off: {reason}.") from error
        if answer.status != 200:
            raise refusal(self.name, answer.status, answer.headers, answer.body)
        return self._completion(answer.body, start)

    def price(self, usage: Usage) -> float | None:
        """US dollars for this usage; None where the server or the model is not in the price table."""
        return price(usage, self._model, self._base)

    def close(self) -> None:
        """End every request that is under way; their `complete` raises. Closing twice is no error."""
        with self._lock:
            self._closed = True
            for connection in self._open:
                # It may have ended by itself in this moment.
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _body(self, request: Request) -> bytes:
        """The request's JSON. OpenAI's own servers call the output limit by another name than everybody else's."""
        host = str(self._address.hostname)
        own = host == "api.openai.com" or host.endswith(".openai.azure.com")
        return json.dumps(
            {
                **request.settings,
                "model": self._model,
                "messages": [{"role": "user", "content": request.prompt}],
                "max_completion_tokens" if own else "max_tokens": request.max_output_tokens,
                "stream": False,
            }
        ).encode()

    def _completion(self, body: bytes, start: float) -> Completion:
        try:
            answer = json.loads(body)
            choice = answer["choices"][0]
            text, why = _text(choice["message"]["content"]), choice.get("finish_reason")
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            said = excerpt(body[:1000].decode(errors="replace"), longest=120) or "an empty body"
            raise ModelFault(f"{self.name} answered with something that is no completion: {said}") from None
        named = answer.get("model")
        usage, cached = _usage(answer.get("usage"))
        return Completion(
            text=usable(text, self.name, why=str(why or "")),
            model=self._label or (named if isinstance(named, str) and named else self._model),
            usage=usage,
            usd=price(usage, self._model, self._base, cached=cached) if usage else None,
            seconds=time.monotonic() - start,
        )

    def _exchange(self, body: bytes, deadline: float) -> Answer:
        """One request and its whole answer. Raises what `http.client` raises, and TimeoutError past the deadline."""
        connection, target, extra = _connection(self._address, self._target, min(CONNECT, self._timeout))
        headers = {"Content-Type": "application/json", "User-Agent": "bridle", "Connection": "close", **extra}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        with contextlib.closing(connection):
            connection.connect()
            line = connection.sock
            with self._lock:
                if self._closed:
                    raise ConnectionAbortedError
                self._open.add(line)
            try:
                line.settimeout(max(0.001, deadline - time.monotonic()))
                connection.request("POST", target, body, headers)
                with connection.getresponse() as response:
                    headers = {name.lower(): value for name, value in response.getheaders()}
                    return Answer(response.status, headers, self._read(response, deadline))
            finally:
                with self._lock:
                    self._open.discard(line)

    def _read(self, response: http.client.HTTPResponse, deadline: float) -> bytes:
        """The whole body, within the deadline and the largest size."""
        body = bytearray()
        while piece := response.read1(1 << 16):
            body += piece
            if len(body) > LARGEST:
                raise ModelFault(f"{self.name} sent more than {LARGEST >> 20} MiB.")
            if time.monotonic() > deadline:
                raise TimeoutError
        if response.length:
            raise http.client.IncompleteRead(bytes(body[:100]), response.length)
        return bytes(body)


def _connection(
    address: urllib.parse.SplitResult, target: str, timeout: float
) -> tuple[http.client.HTTPConnection, str, dict[str, str]]:
    """A connection that is not open yet, the target to ask it for and headers for a proxy.

    Proxies are the environment's (`https_proxy`, `http_proxy`, `no_proxy`); none stands before this machine itself.
    """
    host, port, secure = str(address.hostname), address.port, address.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    local = host in ("localhost", "::1") or host.startswith("127.")
    found = None if local or urllib.request.proxy_bypass(host) else urllib.request.getproxies().get(address.scheme)
    if not found:
        return kind(host, port, timeout=timeout), target, {}
    proxy = urllib.parse.urlsplit(found if "//" in found else f"//{found}")
    headers = {}
    if proxy.username:
        user = f"{urllib.parse.unquote(proxy.username)}:{urllib.parse.unquote(proxy.password or '')}"
        headers["Proxy-Authorization"] = f"Basic {b64encode(user.encode()).decode()}"
    connection = kind(str(proxy.hostname), proxy.port or 80, timeout=timeout)
    if not secure:
        return connection, address._replace(path="", query="", fragment="").geturl() + target, headers
    connection.set_tunnel(host, port or 443, headers=headers)
    return connection, target, {}


def _text(content: Any) -> str | None:
    """A message's text; some servers send it in parts. None where there is none."""
    if isinstance(content, list):
        return "".join(part["text"] for part in content if part.get("type") == "text")
    if content is not None and not isinstance(content, str):
        raise TypeError
    return content


def _usage(found: Any) -> tuple[Usage | None, int]:
    """The tokens, and how many of the input were cached.

    A zero is no count: every prompt has tokens and so has every answer, and servers that don't count send zeros.
    """
    found = found if isinstance(found, dict) else {}
    given, made = found.get("prompt_tokens"), found.get("completion_tokens")
    if type(given) is not int or type(made) is not int or given <= 0 or made <= 0:
        return None, 0
    details = found.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else 0
    return Usage(input_tokens=given, output_tokens=made), cached if type(cached) is int and 0 < cached <= given else 0
