"""Declarations that could never work are refused with a sentence where they are made, not at the first call."""

import functools
from dataclasses import dataclass, replace
from typing import Any, TypedDict

import pytest
from payments import HARNESS, MAPPING_DATA, TOOLS, CountingEngine, FakeLoaded, Office, conduct, guard_for

from bridle.errors import UsageError
from bridle.runtime.declared import declared
from bridle.runtime.gate import Gate
from bridle.runtime.guard import Guard, Pinned
from bridle.runtime.policies.function import no_policy
from bridle.runtime.policies.mapping import RequestMapping
from bridle.runtime.session import ToolSession
from bridle.runtime.surface import Surface
from bridle.runtime.wrap import Toolbox, wrap
from bridle.trace import ToolEffect


def rows(count: int) -> Any:
    yield from range(count)


async def later(count: int) -> Any:
    yield count


class Rows:
    def __call__(self, count: int) -> Any:
        yield count


@pytest.mark.parametrize(
    "function", [rows, later, Rows(), functools.partial(rows)], ids=["def", "async", "object", "partial"]
)
def test_a_generator_is_no_tool(function: Any) -> None:
    with pytest.raises(UsageError, match="generator"):
        declared(function, effect="read-only", name="rows", schema={"type": "object"})


class Node(TypedDict):
    inner: "list[Node]"


def walk(node: Node) -> None: ...


def test_a_hint_within_itself_asks_for_a_schema() -> None:
    with pytest.raises(UsageError, match="give its schema"):
        declared(walk, effect="read-only")


def pay(account: str, amount: float, memo: str = "") -> dict[str, Any]:
    return {"id": account}


def schema(*names: str, required: tuple[str, ...] = ("account", "amount"), **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {name: {} for name in names}, "required": list(required), **more}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (schema("account", "amount", "note"), "has note, which it does not take"),
        (schema("account", "memo", required=("account",)), "needs amount"),
        (schema("account", "amount", required=("amount",)), "needs account"),
    ],
)
def test_a_schema_and_its_function_agree(given: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        declared(pay, effect="irreversible", schema=given)


def any_of_them(**arguments: Any) -> None: ...


def placed(account: str, /, *notes: str) -> None: ...


@functools.wraps(pay)
def injecting(*values: Any, **named: Any) -> Any:
    return pay(*values, amount=1, **named)


def test_schemas_that_agree_are_taken() -> None:
    for function, given in (
        (pay, schema("account", "amount")),
        (pay, schema("account", "amount", "memo", additionalProperties=False)),
        (pay, schema("account", "amount", required=(), allOf=[{"required": ["account", "amount"]}])),
        (any_of_them, schema("whatever", required=())),
        (placed, schema("account", "notes", required=("account",))),
        (injecting, schema("account", required=("account",))),
        (max, {"type": "object"}),
    ):
        assert declared(function, effect="irreversible", schema=given).schema == given


def mapped(tool: str, argument: str) -> RequestMapping:
    read = {"type": "Account", "id": {"from": argument, "as": "text"}}
    return RequestMapping.from_data({tool: {"action": "pay", "resource": read}})


def test_a_mapping_speaks_of_the_function_and_of_arguments_that_it_takes() -> None:
    with pytest.raises(UsageError, match="says nothing of pay"):
        wrap(pay, effect="irreversible", engine=no_policy(), mapping=mapped("pya", "account"))
    with pytest.raises(UsageError, match="reads acount of pay"):
        wrap(pay, effect="irreversible", engine=no_policy(), mapping=mapped("pay", "acount"))
    assert wrap(pay, effect="irreversible", engine=no_policy(), mapping=mapped("pay", "account"))("A", 5)
    more = wrap(any_of_them, effect="read-only", engine=no_policy(), mapping=mapped("any_of_them", "x"))
    assert more(x="1") is None


def test_what_undoes_a_tool_is_a_tool() -> None:
    box = Toolbox(no_policy())
    box.tool(effect="reversible", compensation="fere", name="hold")(pay)
    with pytest.raises(UsageError, match="hold is undone by fere, and there is no such tool"):
        box.open()


def test_a_key_is_an_argument() -> None:
    with pytest.raises(UsageError, match="pay takes no argument key"):
        conduct(tools=[replace(TOOLS[1], idempotency_key="key")])


def test_a_conduct_is_one_of_the_boxs_tools() -> None:
    box = Toolbox(no_policy())
    box.tool(effect="irreversible")(pay)
    early = box.conduct
    box.tool(effect="irreversible", name="refund")(pay)
    with pytest.raises(UsageError, match="other tools than the box's"):
        box.open(conduct=early)


def test_guarded_functions_have_the_names_of_their_tools() -> None:
    box = Toolbox(no_policy())
    box.tool(effect="read-only", name="first", description="The first.")(lambda: 1)
    box.tool(effect="read-only", name="second")(lambda: 2)
    tools = box.open()
    assert [(function.__name__, function.__doc__, function()) for function in tools.values()] == [
        ("first", "The first.", 1),
        ("second", "", 2),
    ]
    assert tools.declarations[0]["description"] == "The first."


def test_a_tool_is_no_spelling_of_another_however_alike_their_names_are() -> None:
    alike = replace(TOOLS[2], name="HOLD", effect=ToolEffect.IRREVERSIBLE)
    reads = MAPPING_DATA | {"HOLD": MAPPING_DATA["hold"]}

    def review(view: Any, call: Any) -> Any:
        if call["tool"] == "HOLD":
            return {"verdict": "accept"}
        return {"verdict": "rewrite", "rule": "r1", "call": {**call, "tool": "HOLD"}}

    office = Office()
    held = conduct(tools=[*TOOLS, alike], mapping=RequestMapping.from_data(reads))
    tools = {tool.name: (tool, office.function(tool.name)) for tool in held.tools}
    gate = Gate(ToolSession(tools, office), held.mapping, CountingEngine())
    guard = Guard(gate, held, harness=Pinned(HARNESS, FakeLoaded(review)))
    assert guard.call("hold", {"account": "A"}).error_class == "changed-intent"
    assert guard.call("Hold", {"account": "A"}).ok, "what is no tool may be a misspelt one"
    assert [name for name, _ in office.done] == ["HOLD"]


def test_tools_and_ways_have_names_of_their_own() -> None:
    with pytest.raises(UsageError, match="Two tools have one name"):
        conduct(tools=[*TOOLS, replace(TOOLS[0], effect=ToolEffect.IRREVERSIBLE)])
    with pytest.raises(UsageError, match="can't lead to 'escalade'"):
        conduct(on_failure={"pay": "escalade"})


def test_a_guarded_object_shows_nothing_of_what_it_holds() -> None:
    class Client:
        def __init__(self) -> None:
            self.password, self.unguarded = "secret", pay

        def __call__(self, account: str) -> str:
            return account

    guarded: Any = wrap(Client(), effect="read-only", engine=no_policy())
    assert guarded("A") == "A"
    assert not hasattr(guarded, "password")
    assert not hasattr(guarded, "unguarded")


@pytest.mark.parametrize(
    "forged", ["\x1b[1A\x1b[2KFor: the board", "a\u202eb", "a\u2028For: b", "a\x85For: b", "\u200b"]
)
def test_what_a_person_reads_shows_what_would_move_the_cursor_or_turn_the_reading(forged: str) -> None:
    reply = {"verdict": "escalate", "rule": "r1", "to": f"x{forged}", "missing": [forged]}
    guard = guard_for(Office(), FakeLoaded(lambda view, call: reply))
    escalation = guard.call("pay", {"account": forged, "amount": 5}).escalation
    assert escalation is not None
    lines = escalation.text.split("\n")
    assert [line.partition(":")[0] for line in lines] == [
        "For",
        "Call",
        "Why (harness)",
        "Rule",
        "Missing",
        "If nothing is done",
    ]
    assert all(line.isprintable() for line in lines)
    spoken = guard_for(Office(), FakeLoaded(), confidence=0.5).call(
        "pay", {"account": "Zoë 東京", "amount": 5}, confidence=0
    )
    assert spoken.escalation is not None
    assert "Zoë 東京" in spoken.escalation.text


class Counter:
    def count(self, step: int) -> int:
        return step


def test_a_method_of_no_object_is_no_tool() -> None:
    with pytest.raises(UsageError, match="give the bound one"):
        declared(Counter.count, effect="read-only")
    assert wrap(Counter().count, effect="read-only", engine=no_policy())(2) == 2


def test_what_is_put_in_the_wrong_place_says_what_belongs_there() -> None:
    def decide(request: Any) -> bool:
        return True

    with pytest.raises(UsageError, match="FunctionEngine makes one"):
        wrap(pay, effect="irreversible", engine=decide)  # type: ignore[arg-type]
    data: Any = {"pay": {"action": "pay", "resource": {"type": "T", "id": {"value": "t"}}}}
    with pytest.raises(UsageError, match="a RequestMapping"):
        wrap(pay, effect="irreversible", engine=no_policy(), mapping=data)
    with pytest.raises(UsageError, match="Pinned"):
        wrap(pay, effect="irreversible", engine=no_policy(), harness=HARNESS)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="facts"):
        wrap(pay, effect="irreversible", engine=no_policy(), informing=object())  # type: ignore[arg-type]


@dataclass
class Invoice:
    id: str
    lines: list["Line"]


@dataclass
class Line:
    cents: int


class Model:
    """As Pydantic's models do."""

    def model_dump(self) -> dict[str, Any]:
        return {"id": "M", "line": Line(1)}


def test_results_that_are_data_are_shown_as_data() -> None:
    def shown(result: Any) -> Any:
        return wrap(lambda: result, effect="read-only", engine=no_policy())()

    assert shown(Invoice("I", [Line(5)])) == {"id": "I", "lines": [{"cents": 5}]}
    assert shown([Model()]) == [{"id": "M", "line": {"cents": 1}}]
    assert isinstance(shown(Invoice), str)


def test_a_range_of_a_surface_holds_what_it_is_about_and_nothing_else() -> None:
    surface = Surface({"pay": {"properties": {"amount": {"maximum": 50}, "memo": {"maxLength": 3}, "to": {}}}})
    for inside in ({"amount": 50}, {"memo": "abc"}, {"to": [1]}, {}, {"memo": None}):
        assert surface.outside("pay", inside) == ""
    for outside in ({"amount": "80"}, {"amount": [1]}, {"amount": True}, {"memo": 5}, {"amount": 51}, {"memo": "abcd"}):
        assert "may not touch pay" in surface.outside("pay", outside)
    either = Surface({"pay": {"properties": {"amount": {"type": ["number", "string"], "maximum": 50}}}})
    assert either.outside("pay", {"amount": "eighty"}) == "", "where it is said, it holds"
