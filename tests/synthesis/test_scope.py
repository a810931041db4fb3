"""The scope rule of the paper, and of the design where the paper is silent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridle.harness import TEXT_ACTION, TOOL_CALL
from bridle.rollout import FailedStep
from bridle.synthesis.scope import CHECK, PROPOSE, scope

BOTH = (PROPOSE, CHECK)
RULES = {
    "illegal-accepted": BOTH,
    "illegal-refused": (PROPOSE,),
    "refused-legal": (CHECK,),
    "foreign-accepted": (CHECK,),
    "foreign-refused": (CHECK,),
    "crash-propose": (PROPOSE,),
    "crash-check": (CHECK,),
}
SILENT = ["environment", "crash-load"]


def failed(*kinds: str) -> list[FailedStep]:
    return [FailedStep(kind=kind, place=(0, 0, 0), player=0, observation="") for kind in kinds]


@pytest.mark.parametrize(("kind", "functions"), RULES.items())
def test_each_kind_opens_its_functions(kind: str, functions: tuple[str, ...]) -> None:
    assert scope(TEXT_ACTION, failed(kind), from_root=False) == functions
    assert scope(TEXT_ACTION, failed(kind, kind, *SILENT), from_root=False) == functions
    assert scope(TEXT_ACTION, failed(kind), from_root=True) == BOTH


@given(st.lists(st.sampled_from([*RULES, *SILENT]), max_size=6))
def test_a_mixture_opens_the_union_in_the_contracts_order(kinds: list[str]) -> None:
    opened = {name for kind in kinds for name in RULES.get(kind, ())}
    expected = tuple(name for name in BOTH if name in opened) or BOTH
    assert scope(TEXT_ACTION, failed(*kinds), from_root=False) == expected


def test_tool_calls_open_everything() -> None:
    everything = tuple(signature.name for signature in TOOL_CALL.functions)
    assert scope(TOOL_CALL, failed("illegal-refused"), from_root=False) == everything
