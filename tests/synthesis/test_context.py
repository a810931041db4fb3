"""A prompt that is too long for the model's context is shortened, and says so: older history first, then examples."""

import random
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from doors import ALWAYS_FOUR, RIGHT, answer
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bridle.environment import Observation, Scenario
from bridle.errors import UsageError
from bridle.execution import Inline
from bridle.models import Request, Scripted
from bridle.synthesis import run as runs
from bridle.synthesis.budget import Limit
from bridle.synthesis.excerpts import FULL, SMALLER
from bridle.synthesis.outcome import Outcome
from bridle.synthesis.plan import LEAST_CONTEXT, Plan, Root
from bridle.synthesis.refiner import CHARS_A_TOKEN, ModelRefiner
from bridle.testing.toy import Doors, DoorsEpisode


class Chatty(Doors):
    """The same doors, each row after so many lines of history."""

    def __init__(self, lines: int) -> None:
        super().__init__()
        self.lines = lines

    def start(self, scenario: Scenario) -> Any:
        return ChattyRow(self.lines, self.size, scenario.seed)


class ChattyRow(DoorsEpisode):
    def __init__(self, lines: int, size: int, seed: int) -> None:
        super().__init__(size, random.Random(seed))
        self._history = "".join(f"[GAME] Long ago, in row {seed}, line {n} was said.\n" for n in range(lines))

    def observe(self) -> Observation:
        found = super().observe()
        return Observation(found.player, f"{self._history}[GAME] {found.view}")


def start(folder: Path, model: Scripted, environment: Doors, **changes: object) -> Outcome:
    fields = {"environment": None, "objective": "verifier", "lanes": 2, "steps": 30, "limit": Limit(iterations=2)}
    plan = Plan(**{**fields, **changes})  # type: ignore[arg-type]
    return runs.start(plan, folder, model=model, environment=environment, executor=Inline())


def asked(folder: Path, lines: int, context: int, **changes: object) -> list[Request]:
    model = Scripted(lambda request: answer(f"{ALWAYS_FOUR}\nX = {request.sample}\n"))
    start(folder, model, Chatty(lines), context=context, **changes)
    return list(model.requests)


@pytest.mark.parametrize("context", [LEAST_CONTEXT, 12_000, 40_000])
def test_prompts_fit_and_say_what_was_left_out(tmp_path: Path, context: int) -> None:
    requests = asked(tmp_path / "run", 400, context)
    assert len(requests) >= 2
    for request in requests:
        assert len(request.prompt) <= (context - request.max_output_tokens) * CHARS_A_TOKEN
        assert request.max_output_tokens == min(16_000, context // 4)
    whole = asked(tmp_path / "whole", 400, 200_000)
    shortened = [len(a.prompt) < len(b.prompt) for a, b in zip(requests, whole, strict=True)]
    for request, short in zip(requests, shortened, strict=True):
        assert ("This page was shortened to fit" in request.prompt) == short
        assert "Row:\n" in request.prompt, "the latest part of an observation is what is kept"
        assert re.search(r"only the end is shown: \d+ characters of history", request.prompt)
    assert any(shortened) == (context == LEAST_CONTEXT)


def test_the_default_changes_nothing_that_fits(tmp_path: Path) -> None:
    large = asked(tmp_path / "large", 50, 200_000)
    huge = asked(tmp_path / "huge", 50, 10_000_000)
    assert [request.prompt for request in large] == [request.prompt for request in huge]
    assert not any("shortened" in request.prompt for request in large)


def test_a_repair_request_fits_too(tmp_path: Path) -> None:
    model = Scripted(["no code, but many words " * 4000, answer(RIGHT)])
    start(tmp_path / "run", model, Chatty(400), context=LEAST_CONTEXT, limit=Limit(iterations=1))
    first, repair = model.requests
    assert len(repair.prompt) <= (LEAST_CONTEXT - repair.max_output_tokens) * CHARS_A_TOKEN
    assert repair.prompt.startswith(first.prompt.strip())
    assert re.search(r"\(only its last \d+ characters\)", repair.prompt)


def test_code_that_leaves_no_room_is_no_prompt_but_a_reason(tmp_path: Path) -> None:
    long = ALWAYS_FOUR + "\nX = '" + "x" * 60_000 + "'\n"
    model = Scripted([])
    outcome = start(
        tmp_path / "run", model, Doors(), context=LEAST_CONTEXT, roots=(Root(name="long.py", source=long),),
        selector="chain", limit=Limit(iterations=1),
    )  # fmt: skip
    assert outcome.tree[1].status == "unusable"
    assert "declare a larger one (--context)" in outcome.tree[1].reason
    assert model.requests == ()


@settings(max_examples=50)
@given(st.integers(LEAST_CONTEXT, 300_000))
def test_a_context_is_shared_by_prompt_and_answer(context: int) -> None:
    refiner = ModelRefiner(name="m", context=context)
    assert refiner.prompt_chars / CHARS_A_TOKEN + refiner.output_tokens == context
    assert 0 < refiner.output_tokens <= 16_000


def test_each_smaller_room_is_smaller_and_a_context_too_small_is_refused() -> None:
    rooms = (FULL, *SMALLER)
    for larger, smaller in pairwise(rooms):
        assert smaller.observation < larger.observation
        assert smaller.text < larger.text
        assert smaller.share <= larger.share
        assert smaller.groups < larger.groups
    with pytest.raises(UsageError, match="A context holds at least"):
        Plan(environment=None, context=LEAST_CONTEXT - 1)


def test_what_is_left_out_is_never_data_that_looks_like_ours(tmp_path: Path) -> None:
    for request in asked(tmp_path / "run", 400, LEAST_CONTEXT):
        outside = [token.content for token in MarkdownIt().parse(request.prompt) if token.type != "fence"]
        assert "Long ago" not in "\n".join(outside)
