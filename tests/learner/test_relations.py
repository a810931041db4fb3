"""What relates things: arguments to each other, to earlier calls, to a table; and rules to rules."""

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import named, on_one, rows_of, view_of

from bridle.evaluation.judged import Row
from bridle.harness import Limits
from bridle.runtime.verdict import Verdict, review_verdict, rules_of
from bridle.sandbox import LocalSandbox
from bridle.synthesis.learner.book import rulebook, told_apart
from bridle.synthesis.learner.comparison import Compare, OneOf, Stated
from bridle.synthesis.learner.condition import Condition
from bridle.synthesis.learner.example import examples
from bridle.synthesis.learner.form import Fits
from bridle.synthesis.learner.implication import contradict, implies
from bridle.synthesis.learner.induction import Finding
from bridle.synthesis.learner.merit import Demands, Merit
from bridle.synthesis.learner.premise import Given
from bridle.synthesis.learner.rendering import render
from bridle.synthesis.learner.rule import LeftOut, Rulebook, Support
from bridle.synthesis.learner.table import Table
from bridle.synthesis.learner.term import Argument, Field

HUES = ("red", "green", "blue")
WOODS = ("oak", "ash", "elm", "fir", "yew")
WHERE = {"red": "north", "green": "south", "blue": "south"}


def lamp(rng: random.Random) -> dict[str, Any]:
    return {
        "hue": rng.choice(HUES),
        "watts": rng.randint(1, 40) * 5,
        "earthed": rng.random() < 0.5,
        "serial": rng.choice((None, f"s{rng.randint(100, 999)}")),
        "noise": rng.choice("abc"),
    }


def learned(rows: Any) -> Rulebook:
    return rulebook(examples(rows), Demands())


def words(book: Rulebook) -> list[str]:
    return [rule.condition.words for rule in book.rules]


def test_two_arguments_compare() -> None:
    def span(rng: random.Random, ids: list[str]) -> dict[str, Any]:
        return {"thing_id": rng.choice(ids), "start": rng.randint(1, 20), "end": rng.randint(1, 20)}

    book = learned(rows_of(lambda v, a: "" if a["start"] <= a["end"] else "odd", lamp, span))
    assert words(book) in (["`end` to be at least `start`"], ["`start` to be at most `end`"])


def shelved(rng: random.Random, ids: list[str]) -> list[dict[str, Any]]:
    """What came before: perhaps the shelves were listed, and perhaps one was put up since."""
    names = [f"{word}{rng.randint(1, 9)}" for word in WOODS[:4]]
    made = [{"tool": "shelves", "arguments": {}, "ok": True, "result": {"page": 1, "names": names}}]
    made = made if rng.random() < 0.8 else []
    if rng.random() < 0.4:
        made.append({"tool": "put_up", "arguments": {"name": f"yew{rng.randint(1, 9)}"}, "ok": True, "result": None})
    return made


def on_a_shelf(view: Any, arguments: Any) -> str:
    """Shelves are of four woods, or put up; which of them there are is seen in the list."""
    listed = [name for call in view["calls"] if call["tool"] == "shelves" for name in call["result"]["names"]]
    put_up = [call["arguments"]["name"] for call in view["calls"] if call["tool"] == "put_up"]
    return "" if arguments["shelf"] in (listed or ["oak1", "oak2", "oak3"]) + put_up else "nowhere"


def placed(rng: random.Random, ids: list[str]) -> dict[str, Any]:
    return {"thing_id": rng.choice(ids), "shelf": f"{rng.choice(WOODS)}{rng.randint(1, 4)}"}


def test_a_value_that_a_tool_did_not_list_is_refused_from_a_few_scenarios_on() -> None:
    rows = rows_of(on_a_shelf, lamp, placed, calls=shelved, count=120)
    (rule,) = learned(rows).rules
    assert rule.condition.words == "`shelf` to be one of what shelves last listed, or calls have told of since"
    assert rule.support.refused == 0
    view = view_of({"T-1": lamp(random.Random(1))}, [], 10_000)
    listed = {"tool": "shelves", "arguments": {}, "ok": True, "result": {"names": ["bay1", "oak9"]}}
    later = {"tool": "put_up", "arguments": {"name": "yew7"}, "ok": True, "result": None}
    failed = {"tool": "put_up", "arguments": {"name": "yew8"}, "ok": False, "error": {"class": "full", "message": ""}}
    harness = render(learned(rows))
    with LocalSandbox() as sandbox, sandbox.load(harness, Limits()) as loaded:
        for calls, shelf, fine in (
            ([listed], "bay1", True),
            ([listed], "Bay1", False),
            ([listed, later], "yew7", True),
            ([later, listed], "yew7", False),
            ([listed, failed], "yew8", False),
            ([failed], "anything", True),
        ):
            call = {"tool": "act", "arguments": {"thing_id": "T-1", "shelf": shelf}}
            verdict = review_verdict(
                loaded.call("review_call", {**view, "calls": calls}, call).value, rules_of(harness)
            )
            assert isinstance(verdict, Verdict)
            assert (verdict.word == "accept") == fine, (calls, shelf)


def as_number(value: Any) -> Any:
    """The same with a number for each name."""
    if isinstance(value, dict):
        return {key: as_number(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_number(inner) for inner in value]
    return 10 * WOODS.index(value[:3]) + int(value[3:]) if isinstance(value, str) else value


@pytest.mark.parametrize(
    ("argument", "tool", "numbers", "learns"),
    [
        ("shelf", "shelves", False, True),
        ("size", "shelves", True, False),  # a number in a list names nothing
        ("approver", "shelves", False, False),
        ("shelf", "list_approvers", False, False),
    ],
)
def test_what_a_tool_lists_says_nothing_of_numbers_and_of_who_may(
    argument: str, tool: str, numbers: bool, learns: bool
) -> None:
    rows = [
        replace(
            row,
            view={**row.view, "calls": [renamed(call, tool, numbers) for call in row.view["calls"]]},
            action={"tool": "act", "arguments": {argument: as_number(shelf) if numbers else shelf}},
        )
        for row in rows_of(on_a_shelf, lamp, placed, calls=shelved, count=120)
        for shelf in [row.action["arguments"]["shelf"]]  # type: ignore[index]
    ]
    assert any("listed" in rule.id for rule in learned(rows).rules) == learns


def renamed(call: dict[str, Any], tool: str, numbers: bool) -> dict[str, Any]:
    told = {name: as_number(call[name]) if numbers else call[name] for name in ("arguments", "result")}
    return {**call, **told, "tool": tool if call["tool"] == "shelves" else "put_up"}


@pytest.mark.parametrize(("mark", "learns"), [("-", True), ("_", False)])
def test_a_date_is_written_as_dates_are_from_a_few_scenarios_on(mark: str, learns: bool) -> None:
    """Of any other writing a few scenarios don't show whether there is no other."""

    def dated(rng: random.Random, ids: list[str]) -> dict[str, Any]:
        between = mark if rng.random() < 0.4 else rng.choice("./ ")
        return {"thing_id": rng.choice(ids), "day": f"2024{between}{rng.randint(10, 12)}{between}{rng.randint(10, 28)}"}

    rows = rows_of(lambda v, a: "" if mark in a["day"] else "odd", lamp, dated, count=36)
    assert any("`day` to be written as" in said for said in words(learned(rows))) == learns


def test_an_argument_is_needed_beside_another() -> None:
    def sent(rng: random.Random, ids: list[str]) -> dict[str, Any]:
        made = {"thing_id": rng.choice(ids), "by": rng.choice(["hand", "post", "van"]), "stamp": 3}
        return made if rng.random() < 0.5 else {k: v for k, v in made.items() if k != "stamp"}

    book = learned(rows_of(lambda v, a: "bare" if a["by"] == "post" and "stamp" not in a else "", lamp, sent))
    assert words(book) == ["`stamp`, if `by` is post"]


def test_what_is_needed_from_a_number_on() -> None:
    def decide(view: Any, arguments: Any) -> str:
        thing = named(view, arguments)
        return "unsafe" if thing["watts"] >= 100 and not thing["earthed"] else ""

    (rule,) = learned(rows_of(decide, lamp, on_one)).rules
    assert isinstance(rule.condition, Given)
    assert rule.condition.words in (
        "the thing's `earthed` to be true, if the thing's `watts` is at least 100",
        "the thing's `watts` to be below 100, if the thing's `earthed` is false",
    )


def routed(rng: random.Random, ids: list[str]) -> dict[str, Any]:
    return {"thing_id": rng.choice(ids), "to": rng.choice(["north", "south", "east"])}


def test_where_a_thing_goes_is_a_table() -> None:
    rows = rows_of(lambda v, a: "" if WHERE[named(v, a)["hue"]] == a["to"] else "astray", lamp, routed)
    (rule,) = learned(rows).rules
    assert rule.kind == "routing"
    assert isinstance(rule.condition, Table)
    assert dict(rule.condition.rows) == WHERE


def test_a_value_repeats_what_another_tool_answered() -> None:
    def calls(rng: random.Random, ids: list[str]) -> list[dict[str, Any]]:
        made = rng.sample(ids, rng.randint(0, len(ids)))
        return [
            {"tool": "weigh", "arguments": {"what": i}, "ok": True, "result": {"grams": 7 * int(i[2:]) % 50}}
            for i in made
        ]

    def said(rng: random.Random, ids: list[str]) -> dict[str, Any]:
        one = rng.choice(ids)
        return {"thing_id": one, "grams": 7 * int(one[2:]) % 50 if rng.random() < 0.5 else rng.randint(0, 49)}

    def decide(view: Any, arguments: Any) -> str:
        told = [c["result"]["grams"] for c in view["calls"] if c["arguments"]["what"] == arguments["thing_id"]]
        return "" if arguments["grams"] in told or not told else "wrong weight"

    book = learned(rows_of(decide, lamp, said, calls=calls, count=900))
    assert words(book) == ["`grams` to be the `grams` that weigh last answered about the thing"]


def test_what_nothing_fills_in_is_for_a_person() -> None:
    """A serial number that is missing stays missing: no guess is let through, and a person is asked."""

    def calls(rng: random.Random, ids: list[str]) -> list[dict[str, Any]]:
        return [{"tool": "look", "arguments": {}, "ok": True, "result": []} for _ in range(2)]

    def said(rng: random.Random, ids: list[str]) -> dict[str, Any]:
        return {"thing_id": rng.choice(ids), "serial": f"s{rng.randint(100, 999)}"}

    rows = []
    for row in rows_of(lambda v, a: "", lamp, said, calls=calls, count=900):
        things, arguments = row.view["resources"], dict(row.action["arguments"])  # type: ignore[index,arg-type]
        shown = [{"id": i, **thing} for i, thing in things.items()]
        view = {
            **row.view,
            "resources": {thing["id"]: thing for thing in shown},
            "calls": [{**call, "result": shown} for call in row.view["calls"]],
        }
        there = things[arguments["thing_id"]]["serial"]
        if there is not None and int(there[1:]) % 3:
            arguments["serial"] = there
        legal = there == arguments["serial"]
        action = {"tool": "act", "arguments": arguments}
        rows.append(replace(row, view=view, action=action, legal=legal, error_class="" if legal else "mismatch"))
    book = learned(rows)
    rule = next(rule for rule in book.rules if isinstance(rule.condition, Compare))
    assert rule.person
    harness = render(book)
    with LocalSandbox(pinned=False) as sandbox:
        loaded = sandbox.load(harness, Limits())
        found = set()
        for row in rows[:200]:
            there = row.view["resources"][row.action["arguments"]["thing_id"]]["serial"]  # type: ignore[index]
            verdict = review_verdict(loaded.call("review_call", row.view, row.action).value, rules_of(harness))
            found.add((there is None, row.legal, getattr(verdict, "word", "")))
    assert found == {(True, False, "escalate"), (False, True, "accept"), (False, False, "reject")}


def shipping(*, sometimes: bool = False, asked: bool = True) -> list[Row]:
    """Calls that put a lamp into one of the boxes shown, which has to be big enough; in every third session none is.

    In half of these the depot is `asked` then. `sometimes` a bigger box turns up later in such a session.
    """
    rows = []
    for scenario in range(240):
        rng = random.Random(scenario)
        bulk = rng.randint(5, 9)
        small = scenario % 3 == 0
        sizes_ = [
            rng.randint(1, bulk - 1 if small else 12),
            rng.randint(1, bulk - 1) if small else rng.randint(bulk, 12),
        ]
        boxes = {f"B-{rng.randint(100, 999)}": {"size": size, "lid": rng.random() < 0.5} for size in sizes_}
        things = {f"T-{rng.randint(100, 999)}": {"bulk": bulk, "hue": rng.choice(HUES)}}
        for moment in range(4):
            if sometimes and moment == 3:
                boxes = {**boxes, "B-99": {"size": 20, "lid": True}}
            seen_so_far = [{"tool": "look", "arguments": {}, "ok": True, "result": []} for _ in range(moment)]
            if moment == 3:
                to = "depot" if asked and small and scenario % 2 else rng.choice(["desk", "yard"])
                seen_so_far.append({"tool": "ask", "arguments": {"to": to}, "ok": True, "result": {}})
            view = {**view_of(things, seen_so_far, scenario), "resources": {**things, **boxes}}
            form = {"properties": {"to": {"enum": ["depot", "desk", "yard"]}}}
            view["tools"]["ask"] = {"description": "", "schema": form, "effect": "irreversible"}
            box = rng.choice(list(boxes)) if moment < 3 else list(boxes)[-1]
            legal = boxes[box]["size"] >= bulk
            call = {"tool": "act", "arguments": {"thing_id": next(iter(things)), "box_id": box}}
            error = "" if legal else "too small"
            rows.append(
                Row(player=0, view=view, action=call, legal=legal, stratum="", error_class=error, proposer="agent")
            )
    return rows


def test_where_none_of_the_things_shown_will_do_a_person_is_asked() -> None:
    rows = shipping()
    book = rulebook(examples(rows), Demands())
    (choice,) = book.choices
    assert (choice.tool, choice.argument, choice.whom) == ("act", "box_id", "depot")
    assert [rule.id for rule in book.rules][-1:] == list(choice.rules)
    harness = render(book)
    with LocalSandbox(pinned=False) as sandbox:
        loaded = sandbox.load(harness, Limits())
        found = set()
        for row in rows[:300]:
            things = row.view["resources"].values()
            bulk = max(thing.get("bulk", 0) for thing in things)
            some = any(thing.get("size", 0) >= bulk for thing in things)
            verdict = review_verdict(loaded.call("review_call", row.view, row.action).value, rules_of(harness))
            assert isinstance(verdict, Verdict)
            found.add((some, row.legal, verdict.word, verdict.to))
    assert found == {(True, True, "accept", ""), (True, False, "reject", ""), (False, False, "escalate", "depot")}


@pytest.mark.parametrize("otherwise", [{"sometimes": True}, {"asked": False}])
def test_where_another_thing_turned_up_later_or_nobody_was_turned_to_nobody_is_asked(
    otherwise: dict[str, bool],
) -> None:
    book = rulebook(examples(shipping(**otherwise)), Demands())
    assert not book.choices
    assert "left_to_a_person" not in render(book).source


HUE, WATTS, SAID = Field("thing_id", "hue"), Field("thing_id", "watts"), Argument("to")
one_ofs = st.builds(OneOf, st.just(HUE), st.lists(st.sampled_from((*HUES, None)), min_size=1, unique=True).map(tuple))
numbers = st.builds(
    Compare,
    st.just(WATTS),
    st.sampled_from(["==", "!=", "<=", "<", ">=", ">"]),
    st.integers(0, 3).map(lambda n: 10 * n),
)
stated = st.builds(Stated, st.just(HUE), st.booleans())
fits = st.builds(
    Fits, st.just("to"), st.just("enum"), st.lists(st.sampled_from("nse"), min_size=1, unique=True).map(tuple)
)
plain = one_ofs | numbers | stated | fits
tables = st.builds(
    Table, st.just(SAID), st.just(HUE), st.dictionaries(st.sampled_from(HUES), st.sampled_from("nse"), min_size=1).map(
        lambda rows: tuple(sorted(rows.items()))
    )
)  # fmt: skip
conditions: st.SearchStrategy[Condition] = plain | tables | st.builds(Given, one_ofs | numbers, plain)


@given(
    one=conditions,
    other=conditions,
    hue=st.sampled_from((*HUES, None)),
    watts=st.integers(-1, 31),
    to=st.sampled_from("nse"),
)
@settings(max_examples=600, deadline=None)
def test_what_is_implied_holds_and_what_contradicts_excludes(
    one: Condition, other: Condition, hue: Any, watts: int, to: str
) -> None:
    view = {"resources": {"x": {"hue": hue, "watts": watts}}, "calls": [], "task": "", "tools": {}}
    mine, theirs = (c.wrong(view, "act", {"thing_id": "x", "to": to}) for c in (one, other))
    if implies(one, other) and mine == []:
        assert theirs in ([], None)
    if contradict(one, other):
        assert mine != [] or theirs != []
        assert contradict(other, one)


def test_implications_that_have_to_be_seen() -> None:
    red, warm = OneOf(HUE, ("red",)), OneOf(HUE, ("green", "red"))
    assert implies(red, warm)
    assert not implies(warm, red)
    assert implies(red, Stated(HUE))
    assert contradict(red, OneOf(HUE, ("blue",)))
    assert contradict(red, Stated(HUE, empty=True))
    assert implies(Compare(WATTS, ">=", 20), Compare(WATTS, ">=", 10))
    assert contradict(Compare(WATTS, ">=", 20), Compare(WATTS, "<", 20))
    assert implies(Table(SAID, HUE, (("red", "n"),)), Given(red, OneOf(SAID, ("n", "s"))))
    assert implies(red, Given(Compare(WATTS, ">=", 10), warm))
    assert not implies(Given(Compare(WATTS, ">=", 10), red), red)


def test_what_another_rule_implies_is_left_out_and_said() -> None:
    def finding(condition: Condition, count: int) -> Finding:
        support = Support(count=count, counterexamples=(), accepted=9, refused=0)
        merit = Merit(support=support, explained={}, error_class="e")
        return Finding(kind="precondition", condition=condition, tools=("act",), merit=merit)

    left: list[LeftOut] = []
    red, warm, cold = OneOf(HUE, ("red",)), OneOf(HUE, ("green", "red")), OneOf(HUE, ("blue",))
    kept = told_apart([finding(red, 20), finding(warm, 9), finding(cold, 4)], left)
    assert [one.condition for one in kept] == [red]
    assert {one.why.split(" the ")[0] for one in left} == {"is implied by", "contradicts"}
