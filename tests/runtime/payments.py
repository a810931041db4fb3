"""A small payment office for the tests of the runtime: five tools, a policy, and a log of what was really done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bridle.authorization import AuthorizationRequest, Decision, Facts, Outcome
from bridle.errors import Blame, Failure
from bridle.harness import TOOL_CALL, Call, Harness, Reply
from bridle.runtime.conduct import Conduct
from bridle.runtime.gate import Gate
from bridle.runtime.guard import Guard, Pinned
from bridle.runtime.policies.mapping import RequestMapping
from bridle.runtime.session import ToolFailure, ToolSession
from bridle.trace import Tool, ToolEffect

LIMIT = 10_000
"""Cents that the policy lets this subject pay at once."""

MAPPING_DATA: dict[str, Any] = {
    "get_account": {
        "action": "read",
        "resource": {"type": "Account", "id": {"from": "account", "as": "text"}},
    },
    "pay": {
        "action": "pay",
        "resource": {"type": "Account", "id": {"from": "account", "as": "text"}},
        "context": {
            "amount": {"from": "amount", "as": "decimal", "scale": 2},
            "channel": {"from": "channel", "as": "token", "optional": True},
        },
    },
    "hold": {"action": "hold", "resource": {"type": "Account", "id": {"from": "account", "as": "text"}}},
    "label": {"action": "label", "resource": {"type": "Account", "id": {"from": "account", "as": "text"}}},
}

_ACCOUNT = {"type": "string", "minLength": 1}


def _tool(name: str, effect: ToolEffect, required: Sequence[str], **properties: Any) -> Tool:
    schema = {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
    return Tool(name=name, description=name, schema=schema, effect=effect)


TOOLS = (
    _tool("get_account", ToolEffect.READ_ONLY, ["account"], account=_ACCOUNT),
    _tool(
        "pay",
        ToolEffect.IRREVERSIBLE,
        ["account", "amount"],
        account=_ACCOUNT,
        amount={"type": "number", "minimum": 0},
        memo={"type": "string"},
        channel={"enum": ["wire", "card"]},
    ),
    _tool("hold", ToolEffect.REVERSIBLE, ["account"], account=_ACCOUNT),
    _tool("label", ToolEffect.IDEMPOTENT, ["account", "text"], account=_ACCOUNT, text={"type": "string"}),
    _tool("unmapped", ToolEffect.READ_ONLY, []),
)


class Office:
    """The services behind the tools, and the control plane's record of the accounts."""

    def __init__(self) -> None:
        self.done: list[tuple[str, dict[str, Any]]] = []
        self.faults: list[Exception | None] = []
        self.frozen: set[str] = set()
        self.version = 1
        self.subject: dict[str, Any] = {"type": "User", "id": "ann", "properties": {"limit": LIMIT}}
        self.context: dict[str, Any] = {}

    def facts(self, resource_type: str, resource_id: str) -> Facts:
        properties = {"frozen": resource_id in self.frozen}
        return Facts(
            subject=self.subject,
            resource={"type": resource_type, "id": resource_id, "properties": properties},
            context=self.context,
            version=self.version,
        )

    def function(self, name: str) -> Callable[..., Any]:
        def run(**arguments: Any) -> Any:
            fault = self.faults.pop(0) if self.faults else None
            if isinstance(fault, ToolFailure) and fault.error_class == "transient":
                raise fault
            self.done.append((name, arguments))
            if fault is not None:
                raise fault
            if "account" in arguments:
                return {"id": arguments["account"], "balance": 100}
            return {"done": name}

        return run

    def session(self) -> ToolSession:
        return ToolSession({tool.name: (tool, self.function(tool.name)) for tool in TOOLS}, self)


class CountingEngine:
    """Permits payments up to the subject's limit from accounts that are not frozen; counts what it is asked."""

    def __init__(self, policy_digest: str = "p1") -> None:
        self.digest = policy_digest
        self.asked: list[AuthorizationRequest] = []

    def evaluate(self, request: AuthorizationRequest) -> Decision:
        self.asked.append(request)
        within = request.context.get("amount", 0) <= request.subject["properties"]["limit"]
        outcome = Outcome.PERMIT if within and not request.resource["properties"]["frozen"] else Outcome.DENY
        return Decision(
            outcome=outcome, request_digest=request.digest, policy_digest=self.digest, reasons=("within-limit",)
        )


SOURCE = """
RULES = {"r1": "a rule", "r2": "another rule"}

def review_call(view, call):
    return {"verdict": "accept"}

def on_error(view, call, error):
    return {"verdict": "give_up", "rule": "r1", "hint": ""}

def propose_call(view):
    return {}
"""
HARNESS = Harness(SOURCE, contract=TOOL_CALL)


class FakeLoaded:
    """Answers for a harness: no generated code runs."""

    def __init__(
        self,
        review: Callable[..., Any] = lambda view, call: {"verdict": "accept"},
        on_error: Callable[..., Any] = lambda view, call, error: {"verdict": "give_up", "rule": "r1", "hint": "stop"},
        propose: Callable[..., Any] = lambda view: {"tool": "get_account", "arguments": {"account": "A"}},
    ) -> None:
        self.functions = {"review_call": review, "on_error": on_error, "propose_call": propose}
        self.calls: list[Call] = []

    def call(self, function: str, *values: Any) -> Reply:
        return self.batch([Call(function, values)])[0]

    def batch(self, calls: Sequence[Call]) -> list[Reply]:
        self.calls += calls
        return [self._reply(call) for call in calls]

    def close(self) -> None:
        pass

    def _reply(self, call: Call) -> Reply:
        value = self.functions[call.function](*call.values)
        return Reply(failure=value) if isinstance(value, Failure) else Reply(value)


def crash(*_: Any) -> Failure:
    return Failure(blame=Blame.HARNESS, kind="exception", message="boom")


def conduct(**changes: Any) -> Conduct:
    from bridle.runtime.reviewer import HarnessReviewer

    fields: dict[str, Any] = {
        "reviewer": HarnessReviewer(HARNESS),
        "tools": TOOLS,
        "mapping": RequestMapping.from_data(MAPPING_DATA),
    }
    return Conduct(**(fields | changes))


def guard_for(
    office: Office,
    loaded: FakeLoaded | None,
    engine: Any = None,
    *,
    pinned: dict[str, Any] | None = None,
    **changes: Any,
) -> Guard:
    held = conduct(**changes)
    gate = Gate(office.session(), held.mapping, engine or CountingEngine())
    records: list[Any] = []
    escalations: list[Any] = []
    source = Pinned(HARNESS, loaded, **(pinned or {})) if loaded is not None else None
    guard = Guard(gate, held, harness=source, on_record=records.append, on_escalation=escalations.append)
    guard.records, guard.escalations = records, escalations  # type: ignore[attr-defined]
    return guard
