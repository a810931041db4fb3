"""Whether anything that a search could have seen is in the evaluation: by the digest of what is seen first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bridle.agents.planner import Planning
from bridle.environment import OPEN_SPLITS, Environment, Scenario, Split
from bridle.evaluation.slice import Slice, opened
from bridle.harness import digest

OPEN = 500
"""Scenarios of each open split that are compared: the first ones, which is where a search begins."""


@dataclass(frozen=True, kw_only=True)
class Unseen:
    """Compare the starts of a sealed slice with those that are open to a search."""

    slice: Slice

    @property
    def key(self) -> str:
        """What it is journalled by."""
        return f"unseen/{self.slice.name}"

    def play(self) -> dict[str, Any]:
        """`shared` starts of `sealed` ones are among the `open` ones, by what is seen first; templates likewise.

        The caller's opaque handle is left out: it would tell every two starts apart.
        """
        environment = opened(self.slice.environment)
        sealed, templates = _starts(environment, self.slice.split, self.slice.offset, self.slice.count)
        seen: set[str] = set()
        used: set[str] = set()
        for split in OPEN_SPLITS:
            starts, names = _starts(environment, split, 0, OPEN)
            seen.update(starts)
            used |= names
        return {
            "shared": sum(start in seen for start in sealed),
            "sealed": len(sealed),
            "open": len(seen),
            "templates_shared": sorted(templates & used),
            "templates": len(templates),
        }


def _starts(environment: Environment, split: Split, offset: int, count: int) -> tuple[list[str], set[str]]:
    """Digests of what is seen first, and the names of the templates."""
    scenarios = environment.scenarios(split)
    chosen = [scenarios[(offset + number) % len(scenarios)] for number in range(min(count, len(scenarios)))]
    seen = [_seen(environment, scenario) for scenario in chosen]
    return seen, {scenario.template.partition("~")[0] for scenario in chosen if scenario.template}


def _seen(environment: Environment, scenario: Scenario) -> str:
    """The digest of the first view; of the one after the plan's first call, where somebody knows what is to be done.

    Two tasks may have one sentence; what the first call shows tells them apart.
    """
    episode = environment.start(scenario)
    view = episode.observe().view
    if isinstance(environment, Planning):
        episode.step(environment.planner(scenario).remaining(view)[0])
        view = episode.observe().view
    return digest({name: value for name, value in view.items() if name != "me"} if isinstance(view, dict) else view)
