"""Servers on loopback that speak OPA's and AuthZEN's protocols, and break them on demand."""

from __future__ import annotations

import contextlib
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from bridle.authorization import AuthorizationRequest
from bridle.testing.policy import permits

REVISION = {"office": {"revision": "r1"}}


class Served:
    """A running server: where it is, what it was asked, and which fault it has."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[tuple[str, dict[str, str], Any]] = []
        self.fault: Callable[[BaseHTTPRequestHandler], None] | None = None
        self.answer: dict[str, Any] | None = None
        self.revision: Any = REVISION
        self.published: dict[str, Any] = {}
        """What is read by GET, by path."""
        self.released = threading.Event()
        """Set when the server stops: what hangs ends then."""


def question(body: dict[str, Any]) -> AuthorizationRequest:
    def entity(described: dict[str, Any]) -> dict[str, Any]:
        properties = dict(described.get("properties", {}))
        parents = described.get("parents", properties.pop("parents", None))
        return {**described, "properties": properties, **({} if parents is None else {"parents": parents})}

    return AuthorizationRequest(
        subject=entity(body["subject"]),
        action=body["action"],
        resource=entity(body["resource"]),
        context=body.get("context", {}),
    )


def decided(body: dict[str, Any]) -> bool | None:
    """The policy of the contract suite; None where it can't decide."""
    try:
        return permits(question(body))
    except (KeyError, TypeError):
        return None


@contextmanager
def serving(
    respond: Callable[[Served, BaseHTTPRequestHandler, Any], None], tls: ssl.SSLContext | None = None
) -> Iterator[Served]:
    served = Served()

    class Handler(BaseHTTPRequestHandler):
        released = served.released

        def do_GET(self) -> None:
            served.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}, None))
            found = self.path in served.published
            send(self, served.published.get(self.path), status=200 if found else 404)

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            served.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            if served.fault is not None:
                served.fault(self)
            else:
                respond(served, self, body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    served.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield served
    finally:
        served.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


def send(
    handler: BaseHTTPRequestHandler, body: Any, *, status: int = 200, kind: str = "application/json", **headers: str
) -> None:
    """An answer; `body` is JSON, or bytes as they are."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    handler.send_response(status)
    echo = handler.headers.get("X-Request-ID")
    given = {"Content-Type": kind, "Content-Length": str(len(content)), **({"X-Request-ID": echo} if echo else {})}
    for name, value in {**given, **{name.replace("_", "-"): value for name, value in headers.items()}}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(content)


def opa(served: Served, handler: BaseHTTPRequestHandler, body: Any) -> None:
    answer: dict[str, Any] = {"provenance": {"version": "1.9.0", "bundles": served.revision}}
    verdict = decided(body["input"])
    if served.answer is not None:
        answer |= served.answer
    elif verdict is not None:
        answer["result"] = verdict
    send(handler, answer)


def evaluated(body: dict[str, Any]) -> dict[str, Any]:
    """One evaluation of a batch: what can't be decided is false, with its error in the context."""
    verdict = decided(body)
    if verdict is None:
        return {"decision": False, "context": {"error": {"status": 400, "message": "it lacks what the policy reads"}}}
    return {"decision": verdict, **({} if verdict else {"context": {"reason": "beyond your limit"}})}


def authzen(served: Served, handler: BaseHTTPRequestHandler, body: Any) -> None:
    if handler.path.endswith("/evaluations") and served.answer is None:
        send(handler, {"evaluations": [evaluated({**body, **one}) for one in body["evaluations"]]})
        return
    verdict = decided(body)
    if served.answer is not None:
        send(handler, served.answer)
    elif verdict is None:
        send(handler, "the request lacks what the policy reads", status=400)
    else:
        reason = {"id": "limit", "reason_admin": {"en": "secret rule 7"}, "reason_user": {"en": "beyond your limit"}}
        send(handler, {"decision": verdict} if verdict else {"decision": False, "context": {"reasons": [reason]}})


def begin(handler: BaseHTTPRequestHandler, **headers: str) -> None:
    """A good status and good headers, without saying how long the answer will be."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    if echo := handler.headers.get("X-Request-ID"):
        handler.send_header("X-Request-ID", echo)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()


def drip(handler: Any) -> None:
    """A byte now and then: never silent for long, and not done before the server stops."""
    begin(handler)
    handler.wfile.write(GOOD[:-1])
    while not handler.released.wait(0.02):
        try:
            handler.wfile.write(b" ")
            handler.wfile.flush()
        except OSError:
            return


def drip_headers(handler: Any) -> None:
    handler.send_response(200)
    while not handler.released.wait(0.02):
        try:
            handler.wfile.write(b"X")
            handler.wfile.flush()
        except OSError:
            return


def hang(handler: Any) -> None:
    """A good answer, once the server stops."""
    handler.released.wait(60)
    with contextlib.suppress(OSError):
        send(handler, GOOD)


def drop(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True
    handler.connection.close()


def cut(handler: BaseHTTPRequestHandler) -> None:
    """Less than was promised."""
    send(handler, b'{"decision": true, "result": true}', Content_Length="500")


def chunked(handler: BaseHTTPRequestHandler) -> None:
    """In pieces that are never said to be all."""
    handler.protocol_version = "HTTP/1.1"
    begin(handler, Transfer_Encoding="chunked")
    handler.wfile.write(b"%x\r\n%b\r\n" % (len(GOOD), GOOD))
    drop(handler)


def flood(handler: BaseHTTPRequestHandler) -> None:
    """Too much, without saying how much it will be."""
    begin(handler)
    handler.wfile.write(b'{"decision": true, "result": true}' + b" " * (1 << 21))


def garbage(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"\x00\xff this is no HTTP\r\n\r\n")


GOOD = b'{"decision": true, "result": true}'
FAULTS: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {
    "hangs": hang,
    "drips": drip,
    "drips headers": drip_headers,
    "never says that it is all": chunked,
    "drops the connection": drop,
    "cuts the answer short": cut,
    "floods": flood,
    "speaks no HTTP": garbage,
    "status 500": lambda handler: send(handler, GOOD, status=500),
    "status 201": lambda handler: send(handler, GOOD, status=201),
    "status 401": lambda handler: send(handler, GOOD, status=401),
    "redirects": lambda handler: send(handler, GOOD, status=307, Location="/elsewhere"),
    "html": lambda handler: send(handler, GOOD, kind="text/html"),
    "no JSON": lambda handler: send(handler, b"true!"),
    "not UTF-8": lambda handler: send(handler, b'{"decision": true, "result": true, "x": "\xff"}'),
    "a surrogate in UTF-8": lambda handler: send(handler, b'{"decision": true, "result": true, "x": "\xed\xa0\x80"}'),
    "a lone surrogate": lambda handler: send(
        handler, b'{"decision": true, "result": true, "context": {"reason": "\\ud800"}}'
    ),
    "a revision that is no text": lambda handler: send(
        handler, b'{"decision": true, "result": true, "provenance": {"bundles": {"a": {"revision": "\\ud800"}}}}'
    ),
    "UTF-16": lambda handler: send(handler, GOOD.decode().encode("utf-16")),
    "a mark before it": lambda handler: send(handler, b"\xef\xbb\xbf" + GOOD),
    "not a number": lambda handler: send(handler, b'{"decision": true, "result": true, "x": NaN}'),
    "a bare true": lambda handler: send(handler, True),
    "a list": lambda handler: send(handler, [{"decision": True, "result": True}]),
    "nothing": lambda handler: send(handler, {}),
    "empty": lambda handler: send(handler, b""),
    "too much": lambda handler: send(handler, b'{"decision": true, "result": true}' + b" " * (1 << 21)),
    "too deep": lambda handler: send(
        handler, b'{"decision":true,"result":true,"x":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    ),
    "says both": lambda handler: send(
        handler, b'{"decision": false, "decision": true, "result": false, "result": true}'
    ),
    "a string": lambda handler: send(handler, {"decision": "true", "result": "true"}),
    "a number": lambda handler: send(handler, {"decision": 1, "result": 1}),
    "null": lambda handler: send(handler, {"decision": None, "result": None}),
}
"""Whatever a server may do wrong while it means to permit."""

SLOW = ("hangs", "drips", "drips headers")
"""The faults that only a deadline ends."""
