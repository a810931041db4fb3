"""The filter: what it offers, and that a choice from it passes every layer all the same."""

import asyncio
from typing import Any

from payments import HARNESS, TOOLS, CountingEngine, FakeLoaded, Office, conduct, crash
from test_async_guard import opened

from bridle.harness import TOOL_CALL, Harness
from bridle.runtime.candidates import Candidates
from bridle.runtime.effects import Propose
from bridle.runtime.gate import Gate
from bridle.runtime.guard import Guard, Pinned
from bridle.runtime.reviewer import FilteringHarness
from bridle.trace import Tool, ToolEffect


def call(tool: str, **arguments: Any) -> dict[str, Any]:
    return {"tool": tool, "arguments": arguments}


DRAWS = [
    call("pay", account="A", amount=5),
    call("pay", account="A", amount=5),
    call("pay", account="A", amount="6"),
    call("pay", account="A", amount=-1),
    "nonsense",
    call("pay", account="B", amount=7),
]


def review(view: Any, proposed: Any) -> Any:
    amount = proposed["arguments"].get("amount", 0)
    if isinstance(amount, str):
        rewritten = call("pay", account="A", amount=float(amount) + 0.5)
        return {"verdict": "rewrite", "rule": "r1", "call": rewritten}
    if amount < 0:
        return {"verdict": "reject", "rule": "r1", "code": "c", "hint": "h", "try_again": True}
    return {"verdict": "accept"}


def filtering(office: Office, loaded: FakeLoaded, *, engine: Any = None, **options: Any) -> Guard:
    held = conduct(attempts=9)
    reviewer = FilteringHarness(HARNESS, **options)
    return Guard(
        Gate(office.session(), held.mapping, engine or CountingEngine()),
        held,
        harness=Pinned(HARNESS, loaded, reviewer=reviewer),
    )


class Chooser:
    def __init__(self, pick: int) -> None:
        self.pick, self.asked = pick, list[Propose]()

    def __call__(self, asked: Propose) -> Any:
        self.asked.append(asked)
        return asked.choices[self.pick]


def drawing() -> FakeLoaded:
    """`propose_call` answers by its seed, as a harness does that uses chance."""
    loaded = FakeLoaded(review)
    reply = loaded._reply

    def seeded(one: Any) -> Any:
        if one.function == "propose_call":
            return type(reply(one._replace(function="propose_call")))(DRAWS[one.seed % len(DRAWS)])
        return reply(one)

    loaded._reply = seeded  # type: ignore[method-assign]
    return loaded


def test_what_the_harness_proposes_and_accepts_is_offered_once() -> None:
    office, agent = Office(), Chooser(2)
    answer = filtering(office, drawing(), draws=12).turn(agent)
    assert agent.asked[0].choices == (
        call("pay", account="A", amount=5),
        call("pay", account="A", amount=6.5),
        call("pay", account="B", amount=7),
    )
    assert answer.ok
    assert office.done == [("pay", {"account": "B", "amount": 7})]


def test_what_it_makes_of_a_call_is_offered_in_its_place() -> None:
    agent = Chooser(0)

    def mend(view: Any, proposed: Any) -> Any:
        if proposed["arguments"]["amount"] == "6":
            return {"verdict": "rewrite", "rule": "r1", "call": call("pay", account="A", amount=6)}
        return {"verdict": "accept"}

    filtering(Office(), FakeLoaded(mend), draws=0, candidates=lambda view: [call("pay", account="A", amount="6")]).turn(
        agent
    )
    assert agent.asked[0].choices == (call("pay", account="A", amount=6),)


def test_an_offer_is_no_permit() -> None:
    office, engine = Office(), CountingEngine()
    guard = filtering(
        office, FakeLoaded(), engine=engine, draws=0, candidates=lambda v: [call("pay", account="A", amount=500)]
    )
    answer = guard.turn(Chooser(0))
    assert answer.error_class == "policy_denied"
    assert office.done == []
    assert len(engine.asked) == 1, "and nobody asked the engine about offers"


def test_a_choice_that_was_not_offered_is_reviewed_like_any_other_and_never_replaced() -> None:
    office = Office()
    guard = filtering(office, FakeLoaded(review), draws=0, candidates=lambda v: [call("pay", account="A", amount=5)])
    assert guard.turn(lambda asked: call("pay", account="B", amount=9)).ok
    refused = guard.turn(lambda asked: call("pay", account="B", amount=-9))
    assert (refused.ok, refused.records[0].rule) == (False, "r1")
    assert office.done == [("pay", {"account": "B", "amount": 9})]


def test_a_harness_that_crashes_offers_nothing_and_accepts_nothing() -> None:
    agent: list[Propose] = []
    office = Office()
    guard = filtering(
        office, FakeLoaded(crash, propose=crash), candidates=lambda v: [call("pay", account="A", amount=5)]
    )

    def propose(asked: Propose) -> Any:
        agent.append(asked)
        return call("pay", account="A", amount=5)

    assert guard.turn(propose).error_class == "harness-failed"
    assert agent[0].choices == ()
    assert office.done == []


def test_the_agent_is_told_why_its_last_choice_failed_with_the_next_offer() -> None:
    guard = filtering(Office(), FakeLoaded(review), draws=0, candidates=lambda v: [call("pay", account="A", amount=5)])
    guard.turn(lambda asked: call("pay", account="B", amount=-9))
    agent = Chooser(0)
    guard.turn(agent)
    assert [refusal.reason for refusal in agent.asked[0].refusals] == ["h"]


def test_one_artefact_in_three_modes_awaited_and_not() -> None:
    """The same harness, the same world: as verifier, filter and policy; what is done is the same either way."""
    wanted = call("pay", account="A", amount=5)

    def loaded() -> FakeLoaded:
        return FakeLoaded(review, propose=lambda view: wanted)

    synchronous, awaited = Office(), Office()
    held = conduct()
    for reviewer in (None, FilteringHarness(HARNESS, draws=2)):
        gate = Gate(synchronous.session(), held.mapping, CountingEngine())
        Guard(gate, held, harness=Pinned(HARNESS, loaded(), reviewer=reviewer)).turn(
            lambda asked: asked.choices[0] if asked.choices else wanted
        )
    gate = Gate(synchronous.session(), held.mapping, CountingEngine())
    Guard(gate, held, harness=Pinned(HARNESS, loaded(), alone=True)).act()

    async def play() -> None:
        guard = opened(awaited, loaded())
        await guard.propose(wanted)
        guard._keeping._harness = Pinned(HARNESS, loaded(), reviewer=FilteringHarness(HARNESS, draws=2))
        await guard.turn(lambda asked: asked.choices[0])
        await opened(awaited, loaded(), alone=True).act()

    asyncio.run(play())
    assert synchronous.done == awaited.done == [("pay", wanted["arguments"])] * 3


def test_without_propose_call_only_candidates_are_offered() -> None:
    source = HARNESS.source.partition("def propose_call")[0]
    reviewer = FilteringHarness(Harness(source, contract=TOOL_CALL), draws=8)
    assert list(reviewer.offers({}, 0)) == []


# --- candidates -------------------------------------------------------------------------------------------------------


def tool(name: str, **properties: Any) -> Tool:
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return Tool(name=name, description="", schema=schema, effect=ToolEffect.IDEMPOTENT)


ID = {"type": "string", "pattern": "^INV-[0-9]+$"}
TRIED = (
    tool("look"),
    tool("open", invoice=ID),
    tool("mark", invoice=ID, colour={"enum": ["red", "blue"]}, sure={"type": "boolean"}),
    tool("pay", invoice=ID, amount={"type": "number"}),
    tool("tell", words={"type": "string", "minLength": 40}),
)
VIEW = {
    "task": "Pay INV-3, please.",
    "resources": {"INV-1": {"id": "INV-1", "amount": 12.5}, "P-1": {"id": "P-1", "of": ["INV-2"]}},
}


def test_candidates_are_made_of_what_the_view_shows() -> None:
    found = Candidates(TRIED, most=200)(VIEW)
    assert call("look") in found
    assert [one["arguments"] for one in found if one["tool"] == "open"] == [
        {"invoice": "INV-1"},
        {"invoice": "INV-3"},
        {"invoice": "INV-2"},
    ]
    assert call("mark", invoice="INV-1", colour="blue", sure=False) in found
    assert sum(one["tool"] == "mark" for one in found) == 12
    assert [one["arguments"]["amount"] for one in found if one["tool"] == "pay"] == [12.5] * 3
    assert not any(one["tool"] == "tell" for one in found), "a sentence is the agent's to state"


def test_candidates_are_bounded_and_every_tool_has_its_turn() -> None:
    found = Candidates(TRIED, most=4)(VIEW)
    assert [one["tool"] for one in found] == ["look", "open", "mark", "pay"]
    many = {"resources": {f"INV-{number}": {} for number in range(500)}}
    assert len(Candidates(TRIED, values=5)(many)) <= 64
    assert sum(one["tool"] == "open" for one in Candidates(TRIED, values=5, most=500)(many)) == 5


def test_a_view_that_is_none_has_no_resources() -> None:
    for view in (None, {}, {"resources": 5}, {"resources": {"x": 5}}):
        assert [one["tool"] for one in Candidates(TRIED)(view)] == ["look"]
    assert Candidates(TOOLS)({})
