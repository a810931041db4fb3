"""A fake provider: an OpenAI-compatible server on loopback that answers, stalls and misbehaves as it is told.

    with FakeProvider(latency=fixed(0.2), script=[rate_limited(1.0), server_error()]) as provider:
        model = open_model(provider.spec)
        ...
        assert len(provider.calls) == 3

It keeps a ledger of its own, so that what a run says it spent can be held against what was really served. Real HTTP,
no network: it listens on 127.0.0.1 only. Speaks `chat/completions` and `responses`, without streaming.
"""

from __future__ import annotations

import json
import math
import random
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, TypeAlias

Latency: TypeAlias = "Callable[[int], float]"
"""Seconds that the call with this number (from 0, in the order of arrival) takes."""


def fixed(seconds: float) -> Latency:
    """Every call takes as long."""
    return lambda _: seconds


def lognormal(median: float, sigma: float = 0.5, *, seed: int = 0) -> Latency:
    """Most calls take about `median` seconds, a few much longer; drawn from the seed and the call's number."""
    return lambda number: random.Random(f"{seed}/{number}").lognormvariate(math.log(median), sigma)


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """What the provider does with one call.

    `text` is answered as a well-formed completion; `body`, where given, is sent instead, as it is. `usage` says
    whether the completion counts its tokens. `hang_up` closes the connection without a word.
    """

    name: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None
    body: bytes | None = None
    usage: bool = True
    hang_up: bool = False


def says(text: str, *, usage: bool = True) -> Behaviour:
    """A completion with this text, with or without the count of its tokens."""
    return Behaviour(name="answer", text=text, usage=usage)


def refuses(status: int, message: str, *, code: str = "", headers: Mapping[str, str] | None = None) -> Behaviour:
    """A status with an error body as OpenAI's."""
    body = json.dumps({"error": {"message": message, "type": "error", "code": code or None}}).encode()
    return Behaviour(name=f"status {status}", status=status, headers=headers or {}, body=body)


def rate_limited(seconds: float | str) -> Behaviour:
    """429 with `Retry-After`, in seconds or as a date."""
    value = f"{seconds:g}" if isinstance(seconds, (int, float)) else seconds
    return refuses(429, "Rate limit reached.", code="rate_limit_exceeded", headers={"Retry-After": value})


def server_error() -> Behaviour:
    """500."""
    return refuses(500, "The server had an error.")


def garbage() -> Behaviour:
    """200 with a body that is no JSON."""
    return Behaviour(name="garbage", body=b"<html>\x00\xff proxy says no")


def empty() -> Behaviour:
    """A completion without text."""
    return Behaviour(name="empty", text="")


def huge(size: int = 2 << 20) -> Behaviour:
    """A completion of `size` characters, most of them one comment in a code block."""
    text = "```python\n# " + "x" * (size - 16) + "\n```"
    return Behaviour(name="huge", text=text)


def half_code_block() -> Behaviour:
    """A completion that breaks off in the middle of its code block."""
    return Behaviour(name="half a code block", text="Here it is:\n```python\ndef propose_action(board):\n    return '[")


def hang_up() -> Behaviour:
    """No answer: the connection is closed."""
    return Behaviour(name="hang up", hang_up=True)


@dataclass(frozen=True, kw_only=True)
class Served:
    """One call in the provider's ledger.

    `began` and `ended` are seconds on the monotonic clock, from reading the request to just before the answer goes
    out (so that whoever has an answer finds it here); `seconds` is the latency that was drawn for the call.
    `input_tokens` and `output_tokens` are what the provider would bill, whether or not the caller still waits: zero
    for a refusal.
    """

    number: int
    path: str
    body: dict[str, Any]
    headers: dict[str, str]
    prompt: str
    behaviour: str
    status: int
    seconds: float
    began: float
    ended: float
    input_tokens: int
    output_tokens: int


class FakeProvider:
    """The server. Use it as a context manager; it listens from then on.

    The script's behaviours are used up in the order in which calls arrive; then `answer`, a text or a function of
    the prompt, is what every call gets.
    """

    def __init__(
        self,
        answer: str | Callable[[str], str | Behaviour] = "pass",
        *,
        latency: Latency = fixed(0.0),
        script: Iterable[Behaviour] = (),
        model: str = "fake",
    ) -> None:
        """`model` is the only model that it knows, and the name that it answers with."""
        self._answer, self._latency, self._script, self.model = answer, latency, list(script), model
        self._lock = threading.Lock()
        self._calls: list[Served] = []
        self._arrived = self._inside = self.most_at_once = 0
        self._ending = threading.Event()

    def __enter__(self) -> Self:
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._ending.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """The API's address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def spec(self) -> str:
        """What `open_model` takes."""
        return f"{self.url}#{self.model}"

    @property
    def calls(self) -> tuple[Served, ...]:
        """The ledger: every call that was served, in the order in which they ended."""
        with self._lock:
            return tuple(self._calls)

    @property
    def tokens(self) -> int:
        """All tokens that the provider would bill."""
        return sum(call.input_tokens + call.output_tokens for call in self.calls)

    def arrive(self) -> tuple[int, Behaviour | None]:
        """A call has come: its number, and the behaviour that the script has for it."""
        with self._lock:
            number = self._arrived
            self._arrived += 1
            self._inside += 1
            self.most_at_once = max(self.most_at_once, self._inside)
            return number, self._script[number] if number < len(self._script) else None

    def decide(self, prompt: str) -> Behaviour:
        """What a call gets that the script has nothing for."""
        answer = self._answer(prompt) if callable(self._answer) else self._answer
        return answer if isinstance(answer, Behaviour) else says(answer)

    def pause(self, number: int) -> float:
        """Wait as long as this call takes (shorter when the server ends); the seconds it should have been."""
        seconds = self._latency(number)
        self._ending.wait(seconds)
        return seconds

    def leave(self, call: Served) -> None:
        """A call is over."""
        with self._lock:
            self._inside -= 1
            self._calls.append(call)


class _Server(ThreadingHTTPServer):
    """A thread a call; ends without waiting for callers that keep their connection open."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, provider: FakeProvider) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.provider = provider

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that went away is in the ledger already; the standard method would print a traceback."""


class _Handler(BaseHTTPRequestHandler):
    """One connection. Buffered writes and no Nagle, or every call would cost 40 ms."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        """Serve one call and enter it in the ledger."""
        began, provider = time.monotonic(), self.server.provider
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        prompt = _prompt(body)
        number, behaviour = provider.arrive()
        if body.get("model") != provider.model:
            behaviour = refuses(404, f"The model {body.get('model')!r} does not exist.", code="model_not_found")
        behaviour = behaviour or provider.decide(prompt)
        seconds = provider.pause(number)
        answered = behaviour.status == 200 and not behaviour.hang_up
        tokens = (_count(prompt), _count(behaviour.text or "")) if answered else (0, 0)
        provider.leave(
            Served(
                number=number,
                path=self.path,
                body=body,
                headers={name.lower(): value for name, value in self.headers.items()},
                prompt=prompt,
                behaviour=behaviour.name,
                status=behaviour.status,
                seconds=seconds,
                began=began,
                ended=time.monotonic(),
                input_tokens=tokens[0],
                output_tokens=tokens[1],
            )
        )
        self._send(behaviour, number, tokens)

    def _send(self, behaviour: Behaviour, number: int, tokens: tuple[int, int]) -> None:
        """Send the answer to a caller who may have gone."""
        if behaviour.hang_up:
            self.close_connection = True
            return
        body = behaviour.body
        if body is None:
            whole = _response if self.path.endswith("/responses") else _chat
            body = json.dumps(whole(behaviour, number, self.server.provider.model, tokens)).encode()
        try:
            self.send_response(behaviour.status)
            for name, value in {"Content-Type": "application/json", **behaviour.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """The ledger is the log."""


def _prompt(body: dict[str, Any]) -> str:
    """The last user message's text, in either interface's form."""
    messages = body["messages"] if "messages" in body else body["input"]
    content = messages[-1]["content"]
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


def _count(text: str) -> int:
    """Tokens, roughly: as good as any count where all that matters is that both sides keep the same books."""
    return (len(text) + 3) // 4


def _chat(behaviour: Behaviour, number: int, model: str, tokens: tuple[int, int]) -> dict[str, Any]:
    """A `chat/completions` answer."""
    usage = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1], "total_tokens": sum(tokens)}
    message = {"role": "assistant", "content": behaviour.text}
    return {
        "id": f"fake-{number}",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        **({"usage": usage} if behaviour.usage else {}),
    }


def _response(behaviour: Behaviour, number: int, model: str, tokens: tuple[int, int]) -> dict[str, Any]:
    """A `responses` answer."""
    content = [{"type": "output_text", "text": behaviour.text, "annotations": []}] if behaviour.text else []
    usage = {
        "input_tokens": tokens[0],
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": tokens[1],
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": sum(tokens),
    }
    message = {"id": f"m{number}", "type": "message", "role": "assistant", "status": "completed", "content": content}
    return {
        "id": f"fake-{number}",
        "object": "response",
        "created_at": 0,
        "status": "completed",
        "model": model,
        "output": [message],
        "parallel_tool_calls": False,
        "tool_choice": "auto",
        "tools": [],
        **({"usage": usage} if behaviour.usage else {}),
    }
