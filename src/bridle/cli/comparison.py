"""A comparison of conditions as a person sees it, and as a machine reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridle.cli.console import table

if TYPE_CHECKING:
    from bridle.evaluation.comparison import Comparison
    from bridle.statistics import Estimate


def figures(comparison: Comparison, *, seed: int) -> dict[str, Any]:
    """The comparison as a JSON object; a figure without data is None."""
    from bridle.evaluation.comparison import ASKING, RATES
    from bridle.evaluation.metrics import decisions

    return {
        "environment": comparison.environment,
        "agents": comparison.agents,
        "policy": comparison.policy,
        "conditions": {
            condition.name: {
                "episodes": len(condition.episodes),
                "proposals": condition.proposals,
                **{f"policy said {word}": n for word, n in sorted(decisions(condition.episodes).items())},
                **{name: _record(rate(condition.episodes)) for name, rate in {**RATES, **ASKING}.items()},
            }
            for condition in comparison.conditions
        },
        "gain in completion": _record(comparison.gain(seed=seed)),
        "share of the headroom": _record(comparison.headroom(seed=seed)),
    }


def tell(record: dict[str, Any]) -> None:
    """The figures as a table: conditions beside each other, rates with their 95 % intervals."""
    conditions = record["conditions"]
    names = dict.fromkeys(name for played in conditions.values() for name in played)
    rows = [[name, *(_shown(played.get(name)) for played in conditions.values())] for name in names]
    policy = f"Cedar policy {record['policy']}" if record["policy"] else "no policy: everything is permitted"
    title = f"{record['environment']}, sealed scenarios; agent {record['agents']}; {policy}"
    table(title, ["", *conditions], rows)
    print(f"Gain in completion, paired by scenario: {_shown(record['gain in completion'])}.")
    print(f"Share of the headroom that the harness took: {_shown(record['share of the headroom'])}.")


def _record(estimate: Estimate | None) -> dict[str, Any] | None:
    return None if estimate is None else dict(estimate._asdict())


def _shown(figure: dict[str, Any] | int | None) -> str:
    if figure is None:
        return "no data"
    return (
        str(figure) if isinstance(figure, int) else f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"
    )
