"""What a run says of its cost before the first call."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from doors import ALWAYS_FOUR, RIGHT, answer
from hypothesis import given
from hypothesis import strategies as st

from bridle.execution import Inline
from bridle.journal import Journal
from bridle.models import Request, Scripted, Usage
from bridle.synthesis import run as runs
from bridle.synthesis.budget import Limit
from bridle.synthesis.forecast import Forecast, forecast
from bridle.synthesis.outcome import Hooks, Outcome
from bridle.synthesis.plan import Plan, Root
from bridle.synthesis.refiner import ModelRefiner
from bridle.synthesis.schedule import Level


class Dear(Scripted):
    """A model at so many dollars a million tokens."""

    def __init__(self, usd: float, name: str = "dear") -> None:
        super().__init__(lambda request: answer(f"{ALWAYS_FOUR}\nX = '{request.digest}'\n"), name=name)
        self._usd = usd

    def price(self, usage: Usage) -> float:
        return self._usd * (usage.input_tokens + usage.output_tokens) / 1e6


REQUEST = Request(prompt="p" * 3500, max_output_tokens=16_000)


def foretold(*models: Scripted, **changes: object) -> Forecast:
    fields = {"environment": "textarena/Chess-v0", "limit": Limit(), **changes}
    plan = Plan(**fields)  # type: ignore[arg-type]
    levels = [Level(model=model, refiner=ModelRefiner(name=model.name)) for model in models]
    return forecast(plan, levels, [REQUEST] * len(levels), trial_steps=20_000)


def test_what_is_expected_is_from_the_papers_iterations_and_the_worst_from_the_plan() -> None:
    found = foretold(Dear(1.0), limit=Limit(iterations=200))
    chess = found.iterations.expected
    assert chess is not None
    assert chess == found.calls.expected > 1
    assert (found.iterations.worst, found.calls.worst) == (200, 800)
    assert found.tokens.expected == chess * (1000 + 6000 + 4000)
    assert found.usd.expected == pytest.approx(chess * 11_000 / 1e6)
    assert found.tokens.worst == 200 * 2 * 200_000
    assert found.usd.worst == pytest.approx(80.0)
    assert found.steps.worst == 201 * 20_000
    assert "the paper's search" in found.source
    assert found.warnings == ()


def test_where_nobody_knows_it_says_unknown_and_never_nothing() -> None:
    found = foretold(Scripted([]), environment="mine.module:Mine", limit=Limit(iterations=None))
    for amount in (found.iterations, found.calls, found.tokens, found.usd):
        assert (amount.expected, amount.worst) == (None, None)
    (line,) = found.lines
    assert line.count("unknown expected, no limit at worst") == 4
    assert "money: unknown expected, unknown at worst" in line
    assert "$0" not in line


def test_the_worst_is_at_the_dearest_models_price_and_within_the_limits() -> None:
    found = foretold(Dear(1.0), Dear(10.0), stronger=("b",), limit=Limit(iterations=10))
    assert found.usd.worst == pytest.approx(10 * 2 * 2.0)
    assert foretold(Dear(1.0), Scripted([])).usd.worst is None, "one price is unknown"
    bounded = foretold(Dear(10.0), limit=Limit(iterations=None, calls=7, tokens=1000, usd=0.5, steps=99))
    worst = [amount.worst for amount in (bounded.calls, bounded.tokens, bounded.usd, bounded.steps)]
    assert worst == [7, 1000, 0.5, 99]


@pytest.mark.parametrize(
    ("limit", "says"),
    [
        (Limit(iterations=1), "1 expansions will hardly do"),
        (Limit(calls=2), "2 model calls will hardly do"),
        (Limit(tokens=5000), "5,000 tokens will hardly do"),
        (Limit(usd=0.001), "0.001 dollars will hardly do"),
        (Limit(steps=100), "One candidate may take 20,000 environment steps"),
    ],
)
def test_a_budget_that_can_hardly_do_is_warned_of(limit: Limit, says: str) -> None:
    assert any(says in warning for warning in foretold(Dear(1.0), limit=limit).warnings)


@given(
    st.builds(
        Limit,
        iterations=st.none() | st.integers(0, 50),
        calls=st.none() | st.integers(0, 50),
        tokens=st.none() | st.integers(0, 10**7),
        usd=st.none() | st.floats(0, 50),
    )
)
def test_the_worst_is_never_above_a_limit_and_records_read_back(limit: Limit) -> None:
    found = foretold(Dear(3.0), limit=limit)
    for unit in ("iterations", "calls", "tokens", "usd"):
        bound, worst = limit.of(unit), getattr(found, unit).worst
        assert bound is None or (worst is not None and worst <= bound)
    assert Forecast.from_record(json.loads(json.dumps(found.record()))) == found
    assert all(line.endswith((".", ":")) for line in found.lines)


def start(folder: Path, model: Scripted, on_forecast: Callable[[Forecast], None], **changes: object) -> Outcome:
    fields = {"environment": "bridle.testing.toy:Doors", "model": "scripted", "lanes": 2, "steps": 20}
    plan = Plan(**{**fields, **changes})  # type: ignore[arg-type]
    return runs.start(plan, folder, model=model, executor=Inline(), hooks=Hooks(on_forecast=on_forecast))


def test_it_is_said_and_journalled_before_the_first_call_and_kept_when_the_run_goes_on(tmp_path: Path) -> None:
    model, told = Dear(1.0), list[tuple[Forecast, int]]()
    first = start(
        tmp_path / "run", model, lambda f: told.append((f, len(model.requests))), limit=Limit(iterations=2, usd=5.0)
    )
    ((said, calls),) = told
    assert calls == 0
    assert first.forecast == said
    with Journal(tmp_path / "run" / runs.JOURNAL, write=False) as journal:
        order = [event.kind for event in journal.events() if event.kind in ("forecast", "call.intent")]
    assert order[0] == "forecast"
    assert order.count("forecast") == 1
    again = runs.resume(tmp_path / "run", model=model, executor=Inline())
    assert again.forecast == said
    assert said.usd.worst is not None
    assert first.spent["usd"] <= said.usd.worst


def test_a_limit_without_room_for_one_expansion_is_said_beforehand(tmp_path: Path) -> None:
    told: list[Forecast] = []
    outcome = start(tmp_path / "run", Dear(1.0), told.append, limit=Limit(tokens=9000))
    assert outcome.stop == "tokens"
    assert "more than --max-tokens allows: no call will be made" in told[0].lines[-1]


def test_a_run_without_a_model_costs_no_calls_and_one_that_is_done_forecasts_nothing(tmp_path: Path) -> None:
    told: list[Forecast] = []
    outcome = start(tmp_path / "run", Dear(1.0), told.append, roots=(Root(name="r", source=RIGHT),))
    assert (outcome.stop, outcome.forecast, told) == ("target", None, [])
    level = Level(model=Scripted([]), refiner=ModelRefiner(name="n"))
    none = forecast(Plan(environment=None), [level], [None], trial_steps=1)
    assert (none.calls.expected, none.calls.worst, none.usd.worst) == (0, 0, 0)
