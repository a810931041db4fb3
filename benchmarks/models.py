"""Models: what a call costs beside its bare reference, and how close 24 slow calls at once come to the ideal.

    python benchmarks/models.py [--latency 0.25] [--rounds 60]

The provider is a fake on loopback and the program is `cat`, so that nothing but the overhead is measured. References
are measured in turn with what they are the reference of.
"""

from __future__ import annotations

import argparse
import http.client
import json
import math
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from bridle.models import Model, Request, Scripted, open_model
from bridle.models.replay import Recorder
from bridle.testing.fake_provider import FakeProvider, fixed

ASK = Request(prompt="Refine this harness.\n" * 1000)
CALLS, AT_ONCE = 24, 8


def bare_http(provider: FakeProvider) -> Callable[[], object]:
    """One POST on a connection of its own, the least that an HTTP client can do."""
    address = urlsplit(provider.url)
    body = json.dumps({"model": provider.model, "messages": [{"role": "user", "content": ASK.prompt}]}).encode()

    def ask() -> object:
        connection = http.client.HTTPConnection(str(address.hostname), address.port)
        connection.request("POST", "/v1/chat/completions", body, {"Content-Type": "application/json"})
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer

    return ask


def bare_process() -> object:
    """The same program by `subprocess.run`."""
    return subprocess.run(["cat"], input=ASK.prompt.encode(), capture_output=True, check=True).stdout.decode()


def beside(model: Callable[[], object], reference: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Median seconds of both, measured in turn."""
    taken: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds + 3):
        for call, times in ((model, taken[0]), (reference, taken[1])):
            start = time.perf_counter()
            call()
            if number >= 3:
                times.append(time.perf_counter() - start)
    return median(taken[0]), median(taken[1])


def at_once(model: Model) -> float:
    """Wall seconds for the slow calls."""
    requests = [Request(prompt="p", sample=number) for number in range(CALLS)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        start = time.perf_counter()
        list(pool.map(model.complete, requests))
        return time.perf_counter() - start


def overhead(rounds: int) -> None:
    with FakeProvider("pass") as provider, tempfile.TemporaryDirectory() as folder:
        os.environ.update(OPENAI_BASE_URL=provider.url, OPENAI_API_KEY="k")
        recorder = Recorder(Scripted(lambda _: "pass"), Path(folder) / "r.jsonl")
        for _ in range(rounds + 3):
            recorder.complete(ASK)
        plain = Scripted(lambda _: "pass")
        http_call = bare_http(provider)
        rows: list[tuple[str, Model, str, Callable[[], object]]] = [
            ("URL", open_model(provider.spec), "bare HTTP", http_call),
            ("openai-chat:", open_model(f"openai-chat:{provider.model}"), "bare HTTP", http_call),
            ("openai:", open_model(f"openai:{provider.model}"), "bare HTTP", http_call),
            ("cmd:", open_model("cmd:cat"), "bare process", bare_process),
            ("replay:", open_model(f"replay:{folder}/r.jsonl"), "scripted", lambda: plain.complete(ASK)),
            ("recorder", Recorder(plain, Path(folder) / "w.jsonl"), "scripted", lambda: plain.complete(ASK)),
        ]
        print(f"one call, {len(ASK.prompt) / 1000:.0f} kB prompt, median of {rounds}, in milliseconds")
        for name, model, against, reference in rows:
            taken, least = beside(lambda model=model: model.complete(ASK), reference, rounds)
            print(f"  {name:14}{taken * 1e3:8.3f}   {against:13}{least * 1e3:8.3f}   + {(taken - least) * 1e3:.3f}")
            if close := getattr(model, "close", None):
                close()


def slow_calls(latency: float) -> None:
    ideal = math.ceil(CALLS / AT_ONCE) * latency
    print(f"{CALLS} calls of {latency:g} s, {AT_ONCE} at once, ideal {ideal:.2f} s: wall seconds, × ideal")
    with FakeProvider("pass", latency=fixed(latency)) as provider:
        os.environ.update(OPENAI_BASE_URL=provider.url, OPENAI_API_KEY="k")
        for spec in (provider.spec, f"openai-chat:{provider.model}", f"cmd:sh -c 'sleep {latency:g}; echo pass'"):
            model = open_model(spec)
            at_once(model)  # the first round pays for imports and connections
            wall = at_once(model)
            print(f"  {model.name.split('#')[0]:28}{wall:7.3f}   × {wall / ideal:.3f}")
            model.close()
        print(f"  most at once, by the provider's own ledger: {provider.most_at_once}")


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--latency", type=float, default=0.25, help="seconds of one slow call")
    options.add_argument("--rounds", type=int, default=60)
    given = options.parse_args()
    overhead(given.rounds)
    slow_calls(given.latency)


if __name__ == "__main__":
    main()
