"""The harness that comes of a rulebook: what it says is what the rules say, and it is fit for the guard."""

import ast
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridle.environments.enterprise.expense.environment import Expense
from bridle.evaluation.examples import judged_calls
from bridle.evaluation.judged import Row
from bridle.harness import Call, Harness, Limits, Loaded
from bridle.runtime.policies.mapping import RequestMapping
from bridle.runtime.verdict import Verdict, recovery_verdict, review_verdict, rules_of
from bridle.sandbox import LocalSandbox
from bridle.synthesis.learner import helpers
from bridle.synthesis.learner.book import rulebook
from bridle.synthesis.learner.example import examples
from bridle.synthesis.learner.merit import Demands
from bridle.synthesis.learner.rendering import FIXED, render
from bridle.synthesis.learner.rule import Recovery, Rule, Rulebook
from bridle.synthesis.learner.spellings import SPELLINGS, declares, forms_of, learned_forms
from bridle.testing.toy_tools import Pottery

ENVIRONMENTS = {"expense": Expense, "pottery": Pottery}


@pytest.fixture(scope="module", params=ENVIRONMENTS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def book(name: str) -> Rulebook:
    return rulebook(examples(judged_calls(ENVIRONMENTS[name](), "train", count=5000, seed=1)), Demands())


@pytest.fixture(scope="module")
def harness(book: Rulebook) -> Harness:
    return render(book)


@pytest.fixture(scope="module")
def loaded(harness: Harness) -> Iterator[Loaded]:
    with LocalSandbox(pinned=False) as sandbox:
        yield sandbox.load(harness, Limits())


@pytest.fixture(scope="module")
def fresh(name: str) -> list[Row]:
    return judged_calls(ENVIRONMENTS[name](), "validation", count=1500, seed=2)


def verdicts(loaded: Loaded, harness: Harness, calls: list[tuple[Any, Any]]) -> list[Verdict]:
    rules, found = rules_of(harness), []
    for start in range(0, len(calls), 100):
        for reply in loaded.batch([Call("review_call", pair) for pair in calls[start : start + 100]]):
            assert reply.failure is None, reply.failure
            verdict = review_verdict(reply.value, rules)
            assert isinstance(verdict, Verdict), verdict
            found.append(verdict)
    return found


def expected(book: Rulebook, row: Row) -> tuple[str, str]:
    """What the rules say of a call: the word and the rule's id."""
    call = row.action
    shaped = isinstance(call, dict) and call.keys() == {"tool", "arguments"}
    if not (shaped and isinstance(call["tool"], str) and isinstance(call["arguments"], dict)):  # type: ignore[index,call-overload]
        return "reject", "call-shape"
    tool, arguments = call["tool"], call["arguments"]  # type: ignore[index,call-overload]
    forms = forms_of(row.view, tool, learned_forms(book.rules), declared=declares(book.rules))
    spellings = {spelling.id: SPELLINGS[spelling.helper] for spelling in book.spellings}
    arguments, used = helpers.respelt(arguments, forms, spellings)
    lasting = tuple(recovery.error_class for recovery in book.recoveries if recovery.verdict == "revise")
    if helpers.unchanged(row.view, tool, arguments, lasting):
        return "reject", "unchanged"
    objection = book.objection(row.view, tool, arguments)
    if objection is not None:
        empty = objection.person and None in (objection.condition.wrong(row.view, tool, arguments) or ())
        return "escalate" if empty or hopeless(book, row.view, tool, arguments, objection) else "reject", objection.id
    return ("rewrite", used) if used else ("accept", "")


def hopeless(book: Rulebook, view: Any, tool: str, arguments: Any, objection: Rule) -> bool:
    """Whether nothing that was shown and could be chosen instead will do."""
    for choice in book.choices:
        if choice.tool == tool and objection.id in choice.rules:
            others = helpers.alternatives(view, arguments, choice.argument)
            found = [book.objection(view, tool, other) for other in others]
            return bool(found) and all(one is not None and one.id in choice.rules for one in found)
    return False


def test_the_code_says_what_the_rules_say(book: Rulebook, harness: Harness, loaded: Loaded, fresh: list[Row]) -> None:
    rows = [row for row in fresh if isinstance(row.action, dict)]
    found = verdicts(loaded, harness, [(row.view, row.action) for row in rows])
    assert [(verdict.word, verdict.rule) for verdict in found] == [expected(book, row) for row in rows]
    assert {verdict.word for verdict in found} >= {"accept", "rewrite", "reject"}


def test_it_is_right_about_calls_that_it_has_not_seen(harness: Harness, loaded: Loaded, fresh: list[Row]) -> None:
    agents = [row for row in fresh if row.proposer == "agent" and isinstance(row.action, dict)]
    found = verdicts(loaded, harness, [(row.view, row.action) for row in agents])
    refused = sum(row.legal and verdict.word == "reject" for row, verdict in zip(agents, found, strict=True))
    let_through = sum(not row.legal and verdict.word == "accept" for row, verdict in zip(agents, found, strict=True))
    assert refused == 0
    assert let_through <= 0.03 * sum(not row.legal for row in agents)


def test_every_refusal_says_by_which_rule_and_what_would_do(
    book: Rulebook, harness: Harness, loaded: Loaded, fresh: list[Row]
) -> None:
    rules = rules_of(harness)
    rows = [row for row in fresh if isinstance(row.action, dict)]
    for verdict in verdicts(loaded, harness, [(row.view, row.action) for row in rows]):
        if verdict.word == "reject":
            assert verdict.hint.startswith(rules[verdict.rule])
            assert verdict.code
    assert rules.keys() == {
        *(rule.id for rule in book.rules),
        *(spelling.id for spelling in book.spellings),
        *(recovery.id for recovery in book.recoveries),
        *FIXED,
    }


def test_a_rewrite_is_a_fixpoint_and_another_spelling(
    name: str, harness: Harness, loaded: Loaded, fresh: list[Row]
) -> None:
    rows = [row for row in fresh if isinstance(row.action, dict)]
    found = verdicts(loaded, harness, [(row.view, row.action) for row in rows])
    rewrites = [(row, v.call) for row, v in zip(rows, found, strict=True) if v.word == "rewrite" and v.call is not None]
    assert len(rewrites) >= 10
    again = verdicts(loaded, harness, [(row.view, dict(call)) for row, call in rewrites])
    assert {verdict.word for verdict in again} == {"accept"}
    if name == "expense":
        mapping = RequestMapping.from_data(Expense().governance().mapping)
        assert all(mapping.changed(row.action, call) == () for row, call in rewrites)  # type: ignore[arg-type]


def test_a_hint_names_what_leads_on_and_where_nothing_does_says_so(
    name: str, harness: Harness, loaded: Loaded, fresh: list[Row]
) -> None:
    if name != "pottery":
        return
    stages = {"wet": "dry_pot", "dry": "bisque_pot", "glazed": "", "fired": "", "shelved": ""}
    row = next(row for row in fresh if row.view["resources"])
    pot = next(iter(row.view["resources"]))
    for stage, leads_on in stages.items():
        view = {**row.view, "resources": {pot: {**row.view["resources"][pot], "stage": stage, "cracked": False}}}
        call = {"tool": "glaze_pot", "arguments": {"pot": pot, "glaze": "shino"}}
        (verdict,) = verdicts(loaded, harness, [(view, call)])
        assert verdict.rule == "glaze_pot-stage"
        assert verdict.try_again == bool(leads_on)
        assert f"Here: {stage}." in verdict.hint
        assert verdict.hint.endswith(f"What leads on from there: {leads_on}.") == bool(leads_on)


def test_errors_are_answered_with_discipline(harness: Harness, loaded: Loaded) -> None:
    effects = ("read-only", "idempotent", "reversible", "irreversible")
    tools = {effect: {"description": "", "schema": {}, "effect": effect} for effect in effects}

    def answer(effect: str, error: str, failed: int) -> Verdict:
        call = {"tool": effect, "arguments": {"x": 1}}
        calls = [{**call, "ok": False, "error": {"class": error, "message": ""}}] * failed
        view = {"task": "", "me": "m", "tools": tools, "calls": calls, "resources": {}}
        reply = loaded.call("on_error", view, call, {"class": error, "message": ""})
        verdict = recovery_verdict(reply.value, rules_of(harness))
        assert isinstance(verdict, Verdict), reply
        return verdict

    for effect in effects:
        assert answer(effect, "policy_denied", 1).word == "give_up"
        assert answer(effect, "transient", 1) == Verdict(word="retry", rule="after-transient", after=0)
        assert answer(effect, "transient", 3).word == "escalate"
        assert answer(effect, "state_conflict", 1).word == "revise"
        assert answer(effect, "never-heard-of", 1).word == "revise"
        assert answer(effect, "internal", 1).word == "revise"


def test_what_is_of_unknown_outcome_is_only_repeated_where_its_tool_allows_it() -> None:
    recovery = Recovery(id="after-internal", error_class="internal", verdict="retry", sentence="Careful.", careful=True)
    harness = render(Rulebook(recoveries=(recovery,)))
    tools: dict[str, Any] = {
        effect: {"description": "", "schema": {}, "effect": effect}
        for effect in ("read-only", "idempotent", "reversible", "irreversible")
    }
    tools["keyed"] = {**tools["irreversible"], "idempotency_key": "key"}
    view = {"task": "", "me": "m", "tools": tools, "calls": [], "resources": {}}
    words = {}
    with LocalSandbox(pinned=False) as sandbox:
        loaded = sandbox.load(harness, Limits())
        for tool, arguments in [*((tool, {}) for tool in (*tools, "unknown")), ("keyed", {"key": "k1"})]:
            call = {"tool": tool, "arguments": arguments}
            reply = loaded.call("on_error", view, call, {"class": "internal", "message": ""})
            words[tool, bool(arguments)] = reply.value["verdict"]
    assert {name for name, word in words.items() if word == "retry"} == {
        ("read-only", False),
        ("idempotent", False),
        ("keyed", True),
    }


def test_a_call_that_failed_for_good_is_not_made_again_before_anything_else_went_well() -> None:
    lasting = Recovery(id="after-odd", error_class="odd", verdict="revise", sentence="No.")
    harness = render(Rulebook(recoveries=(lasting,)))
    call = {"tool": "act", "arguments": {"x": 1}}

    def failed(name: str) -> dict[str, Any]:
        return {**call, "ok": False, "error": {"class": name, "message": ""}}

    fine = {"tool": "look", "arguments": {}, "ok": True, "result": {}}
    other = {"tool": "look", "arguments": {}, "ok": False, "error": {"class": "odd", "message": ""}}
    with LocalSandbox(pinned=False) as sandbox:
        loaded = sandbox.load(harness, Limits())
        for calls, word in (
            ([failed("odd")], "reject"),
            ([failed("odd"), other], "reject"),
            ([failed("odd"), fine], "accept"),
            ([failed("transient")], "accept"),
            ([failed("policy_denied")], "accept"),
            ([other], "accept"),
            ([], "accept"),
        ):
            view = {"task": "", "me": "m", "tools": {}, "calls": calls, "resources": {}}
            assert verdicts(loaded, harness, [(view, call)])[0].word == word, calls


def test_a_value_is_respelt_only_into_its_form() -> None:
    forms = [
        ("n", {"type": "integer"}),
        ("m", {"enum": ["Red", "red wine"]}),
        ("d", {"pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}),
    ]
    for given_, expected_ in (
        ({"n": " 7 "}, {"n": 7}),
        ({"n": "7.5"}, {"n": "7.5"}),
        ({"n": "1,250"}, {"n": "1,250"}),
        ({"n": "seven"}, {"n": "seven"}),
        ({"m": "RED"}, {"m": "Red"}),
        ({"m": "Red-Wine"}, {"m": "red wine"}),
        ({"m": "crimson"}, {"m": "crimson"}),
        ({"d": "2031/04/05"}, {"d": "2031-04-05"}),
        ({"d": "05.04.2031"}, {"d": "05.04.2031"}),
    ):
        assert helpers.respelt(given_, forms, dict(SPELLINGS))[0] == expected_


def test_it_reads_as_code(book: Rulebook, harness: Harness) -> None:
    """Nothing but definitions at the top; each rule is cited with what it stands on; lines can be read."""
    module = ast.parse(harness.source)
    kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.Assign, ast.AnnAssign, ast.Expr)
    assert all(isinstance(node, kinds) for node in module.body)
    assert max(map(len, harness.source.splitlines())) <= 120
    text = re.sub(r"\s*\n\s*# ?", " ", harness.source)
    for rule in book.rules:
        assert f"{rule.id}: {', '.join(rule.support.counterexamples)}" in text
        assert f"Refuses {rule.support.refused} of {rule.support.accepted} accepted calls" in text
    for word in ("role", "permission", "approver", "subject"):
        assert word not in harness.source.lower()
    assert render(book) == harness


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-3, 3) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@given(data=st.data())
@settings(max_examples=60)
def test_it_never_fails_on_strange_arguments(
    data: st.DataObject, harness: Harness, loaded: Loaded, fresh: list[Row]
) -> None:
    """Any JSON in the arguments of any tool is judged, not tripped over."""
    row = fresh[data.draw(st.integers(0, len(fresh) - 1))]
    tool = data.draw(st.sampled_from(sorted(row.view["tools"])))
    names = sorted(row.view["tools"][tool]["schema"].get("properties", {})) or ["x"]
    known = st.sampled_from([*sorted(row.view["resources"]), "x"])
    arguments = data.draw(st.dictionaries(st.sampled_from(names), json_values | known, max_size=4))
    (verdict,) = verdicts(loaded, harness, [(row.view, {"tool": tool, "arguments": arguments})])
    assert verdict.word in ("accept", "rewrite", "reject", "escalate")


def test_an_empty_rulebook_is_a_harness_all_the_same() -> None:
    with LocalSandbox(pinned=False) as sandbox:
        harness = render(Rulebook())
        loaded = sandbox.load(harness, Limits())
        view = {"task": "", "me": "m", "tools": {}, "calls": [], "resources": {}}
        (verdict,) = verdicts(loaded, harness, [(view, {"tool": "anything", "arguments": {}})])
        assert verdict.word == "accept"


def test_names_in_the_data_can_t_write_code(tmp_path: Any) -> None:
    """A field or value that would break out of a string is either left out or quoted."""
    from rows import named, on_one, rows_of

    wicked = 'x"] + [open("/etc/passwd")] + ["'

    def thing(rng: random.Random) -> dict[str, Any]:
        return {wicked: rng.choice(["a", "b"]), "state": rng.choice(['ok"', "no"])}

    rows = rows_of(lambda v, a: "" if named(v, a)["state"] == 'ok"' else "bad", thing, on_one)
    source = render(rulebook(examples(rows), Demands())).source
    ast.parse(source)
    assert "passwd" not in source
    rows = rows_of(lambda v, a: "" if named(v, a)[wicked] == "a" else "bad", thing, on_one)
    assert "passwd" not in render(rulebook(examples(rows), Demands())).source


def test_names_that_the_gate_refuses_are_left_out() -> None:
    """A planted name with double underscores must not keep a harness from loading."""
    from rows import named, on_one, rows_of

    def thing(rng: random.Random) -> dict[str, Any]:
        return {
            "__class__": rng.choice(["a", "b"]),
            "state": rng.choice(["ok", "no"]),
            "mood": rng.choice(["__x__", "y"]),
        }

    def decide(view: Any, arguments: Any) -> str:
        there = named(view, arguments)
        return (
            "__bad__"
            if there["__class__"] == "a"
            else "__worse__"
            if there["mood"] == "y"
            else ""
            if there["state"] == "ok"
            else "no"
        )

    harness = render(rulebook(examples(rows_of(decide, thing, on_one)), Demands()))
    assert "__" not in harness.source
    assert "`state` to be ok" in harness.source
    with LocalSandbox(pinned=False) as sandbox:
        sandbox.load(harness, Limits())
