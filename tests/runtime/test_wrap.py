"""`wrap` and `Toolbox`: any callable behind the guard, synchronous or not."""

import asyncio
import inspect
from dataclasses import replace
from typing import Annotated, Any, Literal, TypedDict

import pytest
from payments import HARNESS, FakeLoaded

from bridle.authorization import AuthorizationRequest, Facts
from bridle.errors import UsageError
from bridle.runtime.declared import arguments_schema, declared
from bridle.runtime.policies.function import FunctionEngine, no_policy
from bridle.runtime.policies.mapping import RequestMapping
from bridle.runtime.session import ToolFailure
from bridle.runtime.source import Pinned
from bridle.runtime.wrap import Listeners, Refused, Toolbox, wrap
from bridle.trace import ToolEffect


class Address(TypedDict):
    street: str
    number: int


def everything(
    text: str,
    count: int,
    share: Annotated[float, {"minimum": 0, "maximum": 1}, "From 0 to 1."],
    flag: bool,
    kind: Literal["wire", "card"],
    tags: list[str],
    weights: dict[str, float],
    address: Address,
    anything: Any,
    untyped,
    maybe: int | None = None,
) -> dict[str, Any]:
    """Takes everything."""
    return {}


def test_a_schema_is_read_off_the_hints() -> None:
    tool = declared(everything, effect="irreversible")
    assert (tool.name, tool.description, tool.effect) == ("everything", "Takes everything.", ToolEffect.IRREVERSIBLE)
    assert tool.schema["properties"] == {
        "text": {"type": "string"},
        "count": {"type": "integer"},
        "share": {"type": "number", "minimum": 0, "maximum": 1, "description": "From 0 to 1."},
        "flag": {"type": "boolean"},
        "kind": {"enum": ["wire", "card"]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "weights": {"type": "object", "additionalProperties": {"type": "number"}},
        "address": {
            "type": "object",
            "properties": {"street": {"type": "string"}, "number": {"type": "integer"}},
            "required": ["number", "street"],
            "additionalProperties": False,
        },
        "anything": {},
        "untyped": {},
        "maybe": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
    }
    assert "maybe" not in tool.schema["required"]
    assert tool.schema["additionalProperties"] is False


class Clerk:
    def __call__(self, name: str) -> str:
        return name

    def file(self, name: str, **more: Any) -> str:
        return name


def test_methods_and_objects_are_callables_too() -> None:
    assert arguments_schema(Clerk(), "clerk")["properties"] == {"name": {"type": "string"}}
    tool = declared(Clerk().file, effect="idempotent")
    assert tool.name == "file"
    assert list(tool.schema["properties"]) == ["name"]
    assert tool.schema["additionalProperties"] is True
    assert declared(Clerk(), effect="idempotent").name == "Clerk"


def _no_json(when: complex) -> None: ...
def _unknown(name: "Nowhere") -> None: ...  # type: ignore[name-defined]  # noqa: F821


@pytest.mark.parametrize("function", [_no_json, _unknown])
def test_what_can_not_be_declared_says_so(function: Any) -> None:
    with pytest.raises(UsageError):
        declared(function, effect="read-only")
    assert declared(function, effect="read-only", schema={"type": "object"}).schema == {"type": "object"}


def test_declarations_that_make_no_sense_are_refused() -> None:
    with pytest.raises(UsageError, match="no effect"):
        declared(everything, effect="harmless")
    with pytest.raises(UsageError, match="JSON Schema"):
        declared(everything, effect="read-only", schema={"type": 5})
    with pytest.raises(UsageError, match="idempotency key"):
        declared(everything, effect="irreversible", idempotency_key="key")


# --- wrap -------------------------------------------------------------------------------------------------------------

MAPPING = RequestMapping.from_data(
    {
        "pay": {
            "action": "pay",
            "resource": {"type": "Account", "id": {"from": "account", "as": "text"}},
            "context": {"amount": {"from": "amount", "as": "decimal", "scale": 2}},
        }
    }
)


class Till:
    def __init__(self) -> None:
        self.paid: list[tuple[str, float]] = []
        self.asked: list[AuthorizationRequest] = []
        self.engine = FunctionEngine(self.decide, name="limit")

    def decide(self, request: AuthorizationRequest) -> bool:
        self.asked.append(request)
        return bool(request.context["amount"] <= 100_00)

    def pay(self, account: str, amount: float) -> dict[str, Any]:
        """Pay."""
        if account == "broken":
            raise ToolFailure("not_found", "no such account")
        self.paid.append((account, amount))
        return {"id": account, "paid": amount}

    async def apay(self, account: str, amount: float) -> dict[str, Any]:
        """Pay, in time."""
        await asyncio.sleep(0)
        return self.pay(account, amount)


@pytest.mark.parametrize("asynchronous", [False, True])
def test_one_callable_behind_the_guard(asynchronous: bool) -> None:
    till = Till()
    function: Any = till.apay if asynchronous else till.pay
    data = {"pay" if not asynchronous else "apay": {**_DATA}}
    records: list[Any] = []
    guarded = wrap(
        function,
        effect="irreversible",
        engine=till.engine,
        mapping=RequestMapping.from_data(data),
        listeners=Listeners(on_record=records.append),
    )
    assert inspect.iscoroutinefunction(guarded) is asynchronous

    def call(*values: Any, **named: Any) -> Any:
        result = guarded(*values, **named)
        return asyncio.run(result) if asynchronous else result

    assert call("A", 12.5) == {"id": "A", "paid": 12.5}
    assert call(account="A", amount=5) == {"id": "A", "paid": 5}
    with pytest.raises(Refused, match="Denied by policy: limit") as denied:
        call("A", 100.01)
    assert denied.value.answer.error_class == "policy_denied"
    with pytest.raises(Refused, match="amount") as malformed:
        call(account="A", amount="12")
    assert malformed.value.answer.error_class == "schema"
    with pytest.raises(Refused):
        call(account="A")
    with pytest.raises(ToolFailure, match="no such account") as failed:
        call("broken", 1)
    assert failed.value.error_class == "not_found"
    with pytest.raises(UsageError, match="call it by name"):
        call("A", 1, 2)
    assert till.paid == [("A", 12.5), ("A", 5)]
    assert [record.answered_by for record in records].count("policy") == 1


_DATA = {
    "action": "pay",
    "resource": {"type": "Account", "id": {"from": "account", "as": "text"}},
    "context": {"amount": {"from": "amount", "as": "decimal", "scale": 2}},
}


def test_the_guarded_function_looks_like_the_other_and_does_not_lead_to_it() -> None:
    till = Till()
    guarded = wrap(till.pay, effect="irreversible", engine=till.engine, mapping=MAPPING)
    assert (guarded.__name__, guarded.__doc__) == ("pay", "Pay.")
    assert list(inspect.signature(guarded).parameters) == ["account", "amount"]
    assert inspect.unwrap(guarded) is guarded
    assert wrap(len, effect="read-only", engine=no_policy(), schema={"type": "object"}) is not None


def test_without_a_mapping_the_tool_is_the_question() -> None:
    asked: list[AuthorizationRequest] = []
    engine = FunctionEngine(lambda request: asked.append(request) is None, name="all")
    assert wrap(len_of, effect="read-only", engine=engine)(text="abc") == 3
    assert (asked[0].action, asked[0].resource) == ({"name": "len_of"}, {"type": "Tool", "id": "len_of"})


def len_of(text: str) -> int:
    return len(text)


def _placed(first: int, second: int = 2, /, third: int = 3, *rest: int, last: int = 9, **more: int) -> list[Any]:
    return [first, second, third, *rest, last, more]


def test_what_is_taken_by_position_has_a_name_in_a_call() -> None:
    tool = declared(_placed, effect="read-only")
    assert tool.schema["properties"]["rest"] == {"type": "array", "items": {"type": "integer"}}
    assert tool.schema["required"] == ["first"]
    guarded = wrap(_placed, effect="read-only", engine=no_policy())
    assert guarded(1) == [1, 2, 3, 9, {}]
    assert guarded(1, 5, 6, 7, 8, last=0, other=4) == [1, 5, 6, 7, 8, 0, {"other": 4}]
    assert guarded(first=1, rest=[7]) == [1, 2, 3, 7, 9, {}]  # type: ignore[call-arg]
    with pytest.raises(Refused, match="rest"):
        guarded(1, 2, 3, "seven")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="each once"):
        guarded(1, 2, 3, 4, third=3)  # type: ignore[misc]


def test_what_has_no_signature_is_called_by_name() -> None:
    guarded = wrap(max, effect="read-only", engine=no_policy(), schema={"type": "object"})
    with pytest.raises(UsageError, match="by name"):
        guarded(1, 2)


class Awaited:
    async def __call__(self, name: str) -> str:
        await asyncio.sleep(0)
        return name


def test_an_object_that_is_called_asynchronously_is_awaited() -> None:
    guarded = wrap(Awaited(), effect="read-only", engine=no_policy())
    assert asyncio.run(guarded(name="a")) == "a"
    box = Toolbox(no_policy())
    box.tool(effect="read-only")(Awaited())
    with pytest.raises(UsageError, match="AsyncGuard"):
        box.open()


def test_what_nobody_waits_for_is_no_result() -> None:
    started: list[str] = []

    async def later(name: str) -> str:
        started.append(name)
        return name

    def hidden(name: str) -> Any:
        return later(name)

    with pytest.raises(ToolFailure, match="to be awaited") as failed:
        wrap(hidden, effect="irreversible", engine=no_policy())(name="a")
    assert (failed.value.error_class, started) == ("internal", [])


def test_who_has_to_be_awaited_is_no_listener_of_a_guard_that_does_not() -> None:
    async def told(escalation: Any) -> None: ...

    with pytest.raises(UsageError, match="AsyncGuard"):
        wrap(len_of, effect="read-only", engine=no_policy(), listeners=Listeners(on_escalation=told))


# --- a box of tools ---------------------------------------------------------------------------------------------------


class Records:
    def facts(self, resource_type: str, resource_id: str) -> Facts:
        return Facts(subject={"type": "User", "id": "ann"}, version=1)


def box_of(till: Till) -> Toolbox:
    box = Toolbox(FunctionEngine(lambda request: True, name="all"), informing=Records())
    box.tool(effect="irreversible")(till.pay)

    @box.tool(effect="read-only")
    def balance(account: str) -> dict[str, Any]:
        """Look."""
        return {"id": account, "balance": 10}

    assert balance("A")["balance"] == 10, "it stays what it was for whoever calls it directly"
    return box


def test_tools_of_one_agent_share_a_session_and_its_view() -> None:
    seen: list[Any] = []

    def review(view: Any, call: Any) -> Any:
        seen.append((len(view["calls"]), view["task"]))
        return {"verdict": "accept"}

    till = Till()
    box = box_of(till)
    tools = box.open(task="Pay A.", harness=Pinned(HARNESS, FakeLoaded(review)))
    assert set(tools) == {"pay", "balance"}
    assert tools["balance"](account="A") == {"id": "A", "balance": 10}
    assert tools["pay"]("A", 5)["paid"] == 5
    assert seen == [(0, "Pay A."), (1, "Pay A.")]
    assert tools.declarations[1] == {
        "name": "balance",
        "description": "Look.",
        "parameters": {
            "type": "object",
            "properties": {"account": {"type": "string"}},
            "required": ["account"],
            "additionalProperties": False,
        },
    }
    other = box.open(harness=Pinned(HARNESS, FakeLoaded(review)))
    other["balance"]("A")
    assert seen[-1] == (0, ""), "and another session has another"


def test_bounds_are_set_by_replacing_them() -> None:
    box = box_of(Till())
    asked: list[Any] = []
    reject = {"verdict": "reject", "rule": "r1", "code": "no", "hint": "No.", "try_again": True}
    tools = box.open(
        harness=Pinned(HARNESS, FakeLoaded(lambda view, call: reject)),
        conduct=replace(box.conduct, attempts=2, addressee="desk"),
        listeners=Listeners(on_escalation=asked.append),
    )
    for _ in range(2):
        with pytest.raises(Refused, match="No"):
            tools["balance"]("A")
    assert [(e.condition, e.to, e.rule) for e in asked] == [("attempts", "desk", "r1")]


def test_a_tool_has_a_name_of_its_own() -> None:
    box = box_of(Till())
    with pytest.raises(UsageError, match="another name"):
        box.tool(effect="read-only", name="pay")(len_of)


def test_an_asynchronous_tool_needs_an_asynchronous_session() -> None:
    box = Toolbox(no_policy())
    box.tool(effect="irreversible", name="pay")(Till().apay)
    with pytest.raises(UsageError, match="AsyncToolSession"):
        box.open()

    async def play() -> Any:
        return await box.open_async()["pay"](account="A", amount=1)

    assert asyncio.run(play()) == {"id": "A", "paid": 1}


@pytest.mark.parametrize("result", [{(1, 2): 3}, float("nan"), {"self": None}])
def test_a_result_that_is_no_json_is_no_reason_to_raise(result: Any) -> None:
    if isinstance(result, dict) and "self" in result:
        result["self"] = result
    guarded = wrap(lambda: result, effect="read-only", engine=no_policy(), schema={"type": "object"})
    assert "unreadable" in guarded()
