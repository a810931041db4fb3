"""What the guard costs per call, the policy engine's share of it, and embedded decisions a second.

    python benchmarks/guard.py [--sessions 60] [--calls 20] [--decisions 4000]

A session is 20 calls of a tool that does nothing, so that only the guard is measured; the references are the bare tool,
the bare Cedar evaluator with everything parsed, and the bare round trip to the harness in its sandbox. All are measured
in turn, session by session. The guard that awaits does the same in an event loop. Decisions are given by the clock and
per second of CPU, which other work on the machine disturbs less. Bar: at least 10 000 decisions/s with port, mapping
and digest.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import Any

import cedarpy

from bridle.authorization import AuthorizationRequest, Decision, Facts, PolicyEngine
from bridle.harness import TOOL_CALL, Harness, Limits, Loaded
from bridle.runtime.async_guard import AsyncGuard
from bridle.runtime.conduct import Conduct
from bridle.runtime.gate import Gate
from bridle.runtime.guard import Guard, Pinned
from bridle.runtime.policies.cedar import CedarEngine
from bridle.runtime.policies.function import no_policy
from bridle.runtime.policies.mapping import RequestMapping
from bridle.runtime.reviewer import Unreviewed
from bridle.runtime.session import AsyncToolSession, ToolSession
from bridle.sandbox import LocalSandbox
from bridle.testing.policy import CEDAR_POLICIES, CEDAR_SCHEMA
from bridle.trace import Tool, ToolEffect

SOURCE = """
RULES = {"amount": "An amount is above zero.", "seen": "Look at an expense before it is approved."}

def review_call(view, call):
    arguments = call["arguments"]
    if call["tool"] == "approve" and not arguments.get("amount", 0) > 0:
        return {"verdict": "reject", "rule": "amount", "code": "amount", "hint": "State an amount.", "try_again": True}
    return {"verdict": "accept"}

def on_error(view, call, error):
    return {"verdict": "give_up", "rule": "seen", "hint": ""}
"""

APPROVE = Tool(
    name="approve",
    description="Approve an expense.",
    schema={
        "type": "object",
        "properties": {
            "expense": {"type": "string", "pattern": "^E-[0-9]+$"},
            "amount": {"type": "number", "exclusiveMinimum": 0},
            "note": {"type": "string", "maxLength": 200},
        },
        "required": ["expense", "amount"],
        "additionalProperties": False,
    },
    effect=ToolEffect.IRREVERSIBLE,
)
MAPPING = RequestMapping.from_data(
    {
        "approve": {
            "action": "approve",
            "resource": {"type": "Expense", "id": {"from": "expense", "as": "text"}},
            "context": {"amount": {"from": "amount", "as": "decimal", "scale": 2}},
        }
    }
)
FACTS = Facts(
    subject={
        "type": "User",
        "id": "ann",
        "properties": {"limit": 1_000_000},
        "parents": [{"type": "Role", "id": "manager"}],
    },
    resource={
        "type": "Expense",
        "properties": {"owner": {"type": "User", "id": "bob"}, "total": 5000},
    },
    version=7,
)


class Office:
    """The control plane's record: all expenses are alike, and at hand."""

    blocks = False

    def facts(self, resource_type: str, resource_id: str) -> Facts:
        return FACTS


class Timed:
    """An engine, and the seconds that it took."""

    def __init__(self, engine: PolicyEngine) -> None:
        self.engine, self.seconds = engine, 0.0

    def evaluate(self, request: AuthorizationRequest) -> Decision:
        start = time.perf_counter()
        decision = self.engine.evaluate(request)
        self.seconds += time.perf_counter() - start
        return decision


def approve(expense: str, amount: float, note: str = "") -> dict[str, Any]:
    """The tool: it does nothing."""
    return {"id": expense, "state": "approved"}


def arguments(number: int) -> dict[str, Any]:
    return {"expense": f"E-{number}", "amount": 12.5 + number, "note": "as agreed"}


def guard(engine: PolicyEngine, loaded: Loaded | None) -> Guard:
    session = ToolSession({"approve": (APPROVE, approve)}, Office())
    conduct = Conduct(reviewer=Unreviewed(), tools=[APPROVE], mapping=MAPPING)
    source = Pinned(Harness(SOURCE, contract=TOOL_CALL), loaded) if loaded is not None else None
    return Guard(Gate(session, MAPPING, engine), conduct, harness=source)


def awaiting(loaded: Loaded, loop: asyncio.AbstractEventLoop) -> Callable[[int], object]:
    """A session of the guard that awaits, with an asynchronous tool; the harness is asked in a thread."""

    async def tool(expense: str, amount: float, note: str = "") -> dict[str, Any]:
        return approve(expense, amount, note)

    session = AsyncToolSession({"approve": (APPROVE, tool)}, Office())
    conduct = Conduct(reviewer=Unreviewed(), tools=[APPROVE], mapping=MAPPING)
    source = Pinned(Harness(SOURCE, contract=TOOL_CALL), loaded)
    one = AsyncGuard(Gate(session, MAPPING, CedarEngine(CEDAR_POLICIES, CEDAR_SCHEMA)), conduct, harness=source)
    return lambda number: loop.run_until_complete(one.call("approve", arguments(number)))


def percentile(times: list[float], share: float) -> float:
    """In microseconds."""
    return 1e6 * sorted(times)[min(len(times) - 1, int(share * len(times)))]


def overhead(loaded: Loaded, sessions: int, calls: int) -> None:
    """Each configuration plays a session in turn."""
    cedar = Timed(CedarEngine(CEDAR_POLICIES, CEDAR_SCHEMA))
    played = ToolSession({"approve": (APPROVE, approve)}, Office())
    for number in range(calls // 2):
        played.step({"tool": "approve", "arguments": arguments(number)})
    view = played.observe().view
    bare: Callable[[], Callable[[int], object]] = lambda: lambda number: approve(**arguments(number))  # noqa: E731
    echo: Callable[[], Callable[[int], object]] = lambda: (  # noqa: E731
        lambda number: loaded.call("review_call", view, {"tool": "approve", "arguments": arguments(number)})
    )

    def guarded(engine: PolicyEngine, harness: Loaded | None) -> Callable[[], Callable[[int], object]]:
        def opened() -> Callable[[int], object]:
            one = guard(engine, harness)
            return lambda number: one.call("approve", arguments(number))

        return opened

    loop = asyncio.new_event_loop()
    kinds: Mapping[str, Callable[[], Callable[[int], object]]] = {
        "bare tool (reference)": bare,
        "bare review in the sandbox, mid-session (reference)": echo,
        "guard, no harness, no policy": guarded(no_policy(), None),
        "guard, no harness, Cedar": guarded(CedarEngine(CEDAR_POLICIES, CEDAR_SCHEMA), None),
        "guard, harness, Cedar": guarded(cedar, loaded),
        "guard that awaits, harness, Cedar": lambda: awaiting(loaded, loop),
    }
    times: dict[str, list[float]] = {name: [] for name in kinds}
    for number in range(sessions + 2):
        if number == 2:
            cedar.seconds = 0.0
        for name, opened in kinds.items():
            call = opened()
            for place in range(calls):
                start = time.perf_counter()
                call(place)
                if number >= 2:
                    times[name].append(time.perf_counter() - start)
    loop.close()
    print(f"per call, µs, {sessions} sessions of {calls} calls:                  p50      p99")
    for name, taken in times.items():
        print(f"  {name:56} {percentile(taken, 0.5):9.1f} {percentile(taken, 0.99):8.1f}")
    share = cedar.seconds / sum(times["guard, harness, Cedar"])
    print(f"  the policy engine's share of the last: {share:.0%}")


def decisions(rounds: int) -> None:
    """Decisions a second: the bare evaluator, and the same behind port and mapping, with all digests, in turn."""
    engine = CedarEngine(CEDAR_POLICIES, CEDAR_SCHEMA)
    schema = cedarpy.Schema.from_str(CEDAR_SCHEMA)
    policies = cedarpy.PolicySet.from_str(CEDAR_POLICIES)
    base = cedarpy.Entities.from_json_str("[]", schema)

    def bare(number: int) -> bool:
        slice_ = [
            {
                "uid": {"type": entity["type"], "id": entity["id"]},
                "attrs": entity["properties"],
                "parents": entity.get("parents", []),
            }
            for entity in (FACTS.subject, FACTS.resource | {"id": f"E-{number}"})  # type: ignore[operator]
        ]
        request = {
            "principal": {"type": "User", "id": "ann"},
            "action": {"type": "Action", "id": "approve"},
            "resource": {"type": "Expense", "id": f"E-{number}"},
            "context": {"amount": 1250 + 100 * number},
        }
        result = cedarpy.is_authorized(request, policies, base.with_added_json_str(json.dumps(slice_), schema), schema)
        return bool(result.allowed and not result.diagnostics.errors)

    def ported(number: int) -> bool:
        request = MAPPING.request({"tool": "approve", "arguments": arguments(number)}, FACTS)
        decision = engine.evaluate(request)
        return decision.permits and decision.request_digest == request.digest

    kinds: Mapping[str, Callable[[int], bool]] = {
        "cedarpy alone, a new resource each time (reference)": bare,
        "port, mapping and digests, a new resource each time": ported,
        "the same, eight calls on each resource": lambda number: ported(number // 8),
    }
    batch = 200
    taken: dict[str, list[float]] = {name: [] for name in kinds}
    worked: dict[str, list[float]] = {name: [] for name in kinds}
    for start in range(0, rounds, batch):
        for name, decide in kinds.items():
            began, before = time.perf_counter(), time.process_time()
            assert all(decide(start + number) for number in range(batch))
            worked[name].append(batch / (time.process_time() - before))
            taken[name].append(batch / (time.perf_counter() - began))
    print(f"\nembedded decisions/s (bar 10 000), batches of {batch}:         median     best  per CPU second")
    for name, rates in taken.items():
        print(f"  {name:56} {median(rates):9,.0f} {max(rates):8,.0f} {median(worked[name]):15,.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=60)
    parser.add_argument("--calls", type=int, default=20)
    parser.add_argument("--decisions", type=int, default=4000)
    options = parser.parse_args()
    sandbox = LocalSandbox()
    loaded = sandbox.load(Harness(SOURCE, contract=TOOL_CALL), Limits())
    try:
        overhead(loaded, options.sessions, options.calls)
    finally:
        loaded.close()
        sandbox.close()
    decisions(options.decisions)


if __name__ == "__main__":
    main()
