"""The forecast: what a run may cost and what it will probably cost, said before its first model call.

The worst is certain, from the plan: so many expansions, of which each may be billed for two answers, the request's and
the repair's, however often it was tried. What is expected is rough: as many iterations as the paper's search took where
it played the environment (with another model than yours), and an answer of a few thousand tokens each. Where nobody
knows, it says so; unknown is never 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import ceil
from typing import Any

from bridle.environments.catalog import listing
from bridle.models.model import Priced, Request, Usage
from bridle.synthesis.plan import Plan
from bridle.synthesis.schedule import Level

CALLS_A_NODE = 4
"""Model calls set aside for one expansion: the request, one repair, and retries after faults of the provider."""

ANSWERS_A_NODE = 2
"""Answers that one expansion may be billed for."""

CHARS_A_TOKEN = 3.5
ANSWER_TOKENS = 4000
FEEDBACK_TOKENS = 6000
"""Rough sizes, for what is expected: an answer with its thoughts, and what feedback adds to the first prompt."""


@dataclass(frozen=True, kw_only=True)
class Amount:
    """Something that a run uses: as expected, and at the worst. None: nobody knows, or nothing limits it."""

    expected: float | None = None
    worst: float | None = None


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What a run uses. `source` says where the expected iterations are from; `warnings` are sentences."""

    iterations: Amount
    calls: Amount
    tokens: Amount
    usd: Amount
    steps: Amount
    source: str
    warnings: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        """As a JSON object; `from_record` reads it back."""
        return {**asdict(self), "warnings": list(self.warnings)}

    @staticmethod
    def from_record(record: dict[str, Any]) -> Forecast:
        """The forecast that `record` was made from."""
        amounts = {name: Amount(**record[name]) for name in ("iterations", "calls", "tokens", "usd", "steps")}
        return Forecast(**{**record, **amounts, "warnings": tuple(record["warnings"])})

    @property
    def lines(self) -> list[str]:
        """As sentences, the warnings last."""
        amounts = (
            ("expansions", self.iterations, ""),
            ("model calls", self.calls, ""),
            ("tokens", self.tokens, ""),
            ("money", self.usd, "$"),
            ("environment steps", self.steps, ""),
        )
        said = "; ".join(
            f"{name}: {shown(amount.expected, unit, 'unknown')} expected, "
            f"{shown(amount.worst, unit, 'no limit' if unit != '$' else 'unknown')} at worst"
            for name, amount, unit in amounts
        )
        return [f"Forecast ({self.source}): {said}.", *(f"Warning: {one}" for one in self.warnings)]


def shown(value: float | None, unit: str, otherwise: str) -> str:
    """A figure as it is read."""
    if value is None:
        return otherwise
    return f"${value:,.2f}" if unit == "$" else f"{value:,.0f}"


def forecast(
    plan: Plan, levels: Sequence[Level], requests: Sequence[Request | None], *, trial_steps: float
) -> Forecast:
    """The forecast of a run.

    Arguments:
        plan: Its plan.
        levels: Its schedule of models.
        requests: The first request of each level; None where it makes none (the rule learner).
        trial_steps: The most environment steps of one measurement.
    """
    asking = [(level, request) for level, request in zip(levels, requests, strict=True) if request is not None]
    iterations = Amount(expected=taken(plan.environment), worst=optional(plan.limit.iterations))
    found = Forecast(
        iterations=iterations,
        calls=Amount(expected=0.0, worst=0.0),
        tokens=Amount(expected=0.0, worst=0.0),
        usd=Amount(expected=0.0, worst=0.0),
        steps=Amount(
            expected=None if iterations.expected is None else iterations.expected * trial_steps,
            worst=least(plan.limit.steps, times(iterations.worst, trial_steps, more=1 + len(plan.roots))),
        ),
        source="no model is asked",
    )
    if asking:
        found = replace(found, **_asked(plan, asking, iterations))
    return replace(found, warnings=tuple(warnings(plan, found, trial_steps)))


def _asked(plan: Plan, asking: Sequence[tuple[Level, Request]], iterations: Amount) -> dict[str, Any]:
    """What the models' calls come to."""
    expansions = least(iterations.worst, plan.limit.calls)
    first, request = asking[0]
    expected = Usage(
        input_tokens=ceil(len(request.prompt) / CHARS_A_TOKEN) + FEEDBACK_TOKENS, output_tokens=ANSWER_TOKENS
    )
    longest = max(request.max_output_tokens for _, request in asking)
    most = Usage(input_tokens=max(0, plan.context - longest), output_tokens=longest)
    answers = least(times(expansions, ANSWERS_A_NODE), plan.limit.calls)
    dearest = [price(level, most) for level, _ in asking]
    worst_usd = None if None in dearest else times(answers, max(usd for usd in dearest if usd is not None))
    known = iterations.expected is not None
    return {
        "calls": Amount(
            expected=iterations.expected, worst=least(plan.limit.calls, times(iterations.worst, CALLS_A_NODE))
        ),
        "tokens": Amount(
            expected=times(iterations.expected, expected.input_tokens + expected.output_tokens),
            worst=least(plan.limit.tokens, times(answers, most.input_tokens + most.output_tokens)),
        ),
        "usd": Amount(
            expected=times(iterations.expected, price(first, expected)), worst=least(plan.limit.usd, worst_usd)
        ),
        "source": "as many iterations as the paper's search took, with its model" if known else "nobody knows how many",
    }


def warnings(plan: Plan, found: Forecast, trial_steps: float) -> list[str]:
    """Why the budget can't plausibly do."""
    said = []
    for unit, name, amount in (
        ("iterations", "expansions", found.iterations),
        ("calls", "model calls", found.calls),
        ("tokens", "tokens", found.tokens),
        ("usd", "dollars", found.usd),
    ):
        limit = plan.limit.of(unit)
        if limit is not None and amount.expected is not None and limit < amount.expected:
            said.append(
                f"{limit:,.6g} {name} will hardly do, about {amount.expected:,.6g} are expected: allow more, or start "
                "from a sibling's harness with --from."
            )
    if plan.limit.steps is not None and plan.limit.steps < trial_steps:
        said.append(
            f"One candidate may take {trial_steps:,.0f} environment steps, more than --max-steps allows: nothing will "
            "be tried. Allow more, or lower --lanes or --steps."
        )
    return said


def too_dear(reserved: Mapping[str, float], plan: Plan) -> list[str]:
    """A sentence for each limit that has no room for even the first expansion."""
    return [
        f"The first expansion may use up to {reserved[unit]:,.6g} {word}, more than --max-{unit} allows: no call will "
        "be made."
        for unit, word in (("tokens", "tokens"), ("usd", "dollars"))
        if (limit := plan.limit.of(unit)) is not None and reserved.get(unit, 0.0) > limit
    ]


def taken(environment: str | None) -> float | None:
    """The iterations that the paper's search took; None where it did not play the environment."""
    name = (environment or "").partition("?")[0]
    return next((optional(one.learning_steps) for one in listing() if one.id == name), None)


def price(level: Level, usage: Usage) -> float | None:
    """US dollars of a call; None where the price is unknown."""
    return level.model.price(usage) if isinstance(level.model, Priced) else None


def optional(value: float | None) -> float | None:
    """The number as a float, where there is one."""
    return None if value is None else float(value)


def times(value: float | None, factor: float | None, *, more: int = 0) -> float | None:
    """The product, where both are known."""
    return None if value is None or factor is None else (value + more) * factor


def least(*values: float | None) -> float | None:
    """The least of what limits at all."""
    return min((float(value) for value in values if value is not None), default=None)
