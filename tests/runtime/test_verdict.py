from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridle.errors import Blame, Failure, HarnessFault
from bridle.harness import TOOL_CALL, Harness, template
from bridle.runtime.verdict import ACCEPT, defines, recovery_verdict, review_verdict, rules_of

RULES = {"r1": "a sentence"}
CALL = {"tool": "pay", "arguments": {"amount": 1}}


@pytest.mark.parametrize(
    "reply",
    [
        {"verdict": "accept"},
        {"verdict": "rewrite", "rule": "r1", "call": CALL},
        {"verdict": "reject", "rule": "r1", "code": "too-early", "hint": "submit first", "try_again": True},
        {"verdict": "escalate", "rule": "r1", "to": "finance", "missing": ["receipt"]},
    ],
)
def test_reviews(reply: dict[str, Any]) -> None:
    verdict = review_verdict(reply, RULES)
    assert not isinstance(verdict, Failure)
    assert verdict.word == reply["verdict"]
    for name, value in reply.items():
        if name != "verdict":
            assert getattr(verdict, name) == (tuple(value) if name == "missing" else value)


@pytest.mark.parametrize(
    "reply",
    [
        {"verdict": "retry", "rule": "r1", "after": 0},
        {"verdict": "revise", "rule": "r1", "hint": "read it first"},
        {"verdict": "revise", "rule": "r1", "hint": "", "call": CALL},
        {"verdict": "give_up", "rule": "r1", "hint": "it is gone"},
        {"verdict": "escalate", "rule": "r1", "to": "finance", "missing": []},
    ],
)
def test_recoveries(reply: dict[str, Any]) -> None:
    verdict = recovery_verdict(reply, RULES)
    assert not isinstance(verdict, Failure)
    assert verdict.word == reply["verdict"]
    assert verdict.call == reply.get("call")


NONSENSE: list[Any] = [
    None,
    True,
    "accept",
    [],
    {},
    {"verdict": "allow"},
    {"verdict": "permit"},
    {"verdict": ["accept"]},
    {"verdict": "Accept"},
    {"verdict": "accept", "call": CALL},
    {"verdict": "accept", "rule": "r1"},
    {"verdict": "rewrite", "rule": "r1"},
    {"verdict": "rewrite", "rule": "r1", "call": {"tool": "pay"}},
    {"verdict": "rewrite", "rule": "r1", "call": {**CALL, "as": "admin"}},
    {"verdict": "rewrite", "rule": "r1", "call": {"tool": "pay", "arguments": []}},
    {"verdict": "rewrite", "call": CALL},
    {"verdict": "reject", "rule": "r2", "code": "x", "hint": "x", "try_again": True},
    {"verdict": "reject", "rule": "r1", "code": "x", "hint": "x"},
    {"verdict": "reject", "rule": "r1", "code": "x", "hint": "x" * 3000, "try_again": True},
    {"verdict": "reject", "rule": "r1", "code": "x", "hint": "x", "try_again": 1},
    {"verdict": "escalate", "rule": "r1", "to": None, "missing": []},
    {"verdict": "escalate", "rule": "r1", "to": "x", "missing": "receipt"},
    {"verdict": "retry", "rule": "r1", "after": 0},
]


@pytest.mark.parametrize("reply", NONSENSE)
def test_nonsense_is_the_harness_failing(reply: Any) -> None:
    failure = review_verdict(reply, RULES)
    assert isinstance(failure, Failure)
    assert failure.blame is Blame.HARNESS
    assert failure.kind == "reply"
    assert "review_call" in failure.message


@pytest.mark.parametrize(
    "reply",
    [
        {"verdict": "accept"},
        {"verdict": "reject", "rule": "r1", "code": "x", "hint": "x", "try_again": True},
        {"verdict": "retry", "rule": "r1", "after": -1},
        {"verdict": "retry", "rule": "r1", "after": True},
        {"verdict": "retry", "rule": "r1", "after": 10**9},
        {"verdict": "retry", "after": 0},
        {"verdict": "revise", "rule": "r1", "hint": "x", "call": None},
        {"verdict": "give_up", "rule": "", "hint": "x"},
    ],
)
def test_on_error_has_words_of_its_own(reply: Any) -> None:
    assert isinstance(recovery_verdict(reply, RULES), Failure)


VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-2, 2), st.text(max_size=4), st.sampled_from(["accept", "r1", "retry"])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["verdict", "rule", "call", "hint", "tool", "arguments", "after", "x"]), inner, max_size=5
        ),
    ),
    max_leaves=12,
)


@given(VALUES)
def test_only_accept_accepts(reply: Any) -> None:
    verdict = review_verdict(reply, RULES)
    if verdict == ACCEPT:
        assert reply == {"verdict": "accept"}
    elif not isinstance(verdict, Failure):
        assert verdict.rule in RULES


def test_rules_are_read_without_running_anything() -> None:
    source = 'import os\nos.abort()\nRULES: dict[str, str] = {"a": "b"}\ndef normalise_view(raw):\n    return raw\n'
    harness = Harness(source, contract=TOOL_CALL)
    assert rules_of(harness) == {"a": "b"}
    assert defines(harness, "normalise_view")
    assert not defines(harness, "propose_call")
    assert rules_of(template(TOOL_CALL)) == {}


@pytest.mark.parametrize(
    "source",
    [
        "",
        "RULES = dict(a='b')",
        "RULES = {'a': 1}",
        "RULES = ['a']",
        "RULES: dict",
        "def f(:",
        "RULES = {1: 'a'}",
        "\0",
    ],
)
def test_rules_that_can_not_be_read_are_a_fault(source: str) -> None:
    with pytest.raises(HarnessFault):
        rules_of(Harness(source, contract=TOOL_CALL))
