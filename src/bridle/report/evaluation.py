"""The report of an evaluation: one HTML file that needs nothing else, made from the scorecard alone."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from bridle.report import evaluation_table as table
from bridle.report.evaluation_plots import (
    Axis,
    Mark,
    across,
    amounts,
    differences,
    funnel,
    key,
    marks,
    scatter,
    upright,
)

TENTHS = tuple(tick / 5 for tick in range(6))

BESIDE = "Marks that would cover each other stand side by side."

Plot = tuple[str, str, Markup]
"""A plot's title, what it shows, and its drawing."""


def render(card: Mapping[str, Any]) -> str:
    """The scorecard as HTML."""
    loader = jinja2.FunctionLoader(lambda name: (resources.files(__package__) / name).read_text("utf-8"))
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    drawn = marks(card["conditions"])
    return environment.get_template("evaluation.html").render(
        card=card,
        simulated=any(condition["simulated"] for condition in card["conditions"].values()),
        marks=drawn,
        key=key,
        drawn={slice: plots(card, slice, drawn) for slice in card["slices"]},
        names=table.names,
        missing=table.missing,
        tests=table.test_rows,
        test_columns=table.TEST_COLUMNS,
        flags=table.flag_rows(card),
        flag_columns=table.FLAG_COLUMNS,
        harnesses=table.harness_rows(card),
        harness_columns=table.HARNESS_COLUMNS,
        changes={slice: sorted({c for of in by.values() for c in of}) for slice, by in card["changes"].items()},
        remarks=table.remarks(card),
    )


def plots(card: Mapping[str, Any], slice: str, drawn: Mapping[str, Mark]) -> list[Plot]:
    """The plots of a slice, as far as there is data for them."""
    figures = card["figures"][slice]
    found: list[Plot] = []
    validity = _both(figures, "false acceptance", "completion")
    if validity:
        x = across(0.0, 1.0, TENTHS, "false acceptance")
        about = (
            f"Up and to the left is better: a harness that lets nothing through is left, and at the bottom. {BESIDE}"
        )
        drawing = scatter(validity, drawn, x, _completion(validity))
        found.append(("False acceptance against completion", about, drawing))
    found += _cost(figures, drawn)
    lost = {name: steps for name, steps in card["funnel"][slice].items() if steps}
    if lost:
        about = (
            "Each failed episode is lost at its first failed, denied or refused call, or at the end where there was "
            "none; what is left is completion."
        )
        found.append(("The funnel: success lost at each step", about, funnel(lost, drawn)))
    if slice == next(iter(card["slices"])) and card["templates"]:
        about = "Completion minus that of the same agent without a harness, for each template of scenarios."
        found.append(("Differences per scenario", about, differences(card["templates"], drawn)))
    return found


def _cost(figures: Mapping[str, Any], drawn: Mapping[str, Mark]) -> list[Plot]:
    """Cost against completion: in money where it is known for all, else in model calls."""
    for metric, what in (("US$ an episode", "US$ an episode"), ("model calls an episode", "model calls an episode")):
        points = _both(figures, metric, "completion")
        if len(points) == len(figures):
            ends = [figure[end] for figure, _ in points.values() for end in ("low", "high")]
            x = amounts(min(ends), max(ends), what)
            about = f"Up and to the left is better. A refused proposal costs a call as well. {BESIDE}"
            return [("Cost against completion", about, scatter(points, drawn, x, _completion(points)))]
    return []


def _completion(points: Mapping[str, tuple[Any, Any]]) -> Axis:
    return upright("completion", min(figure["low"] for _, figure in points.values()))


def _both(figures: Mapping[str, Any], first: str, second: str) -> dict[str, tuple[Any, Any]]:
    """Both figures of each condition that has them."""
    return {
        name: (of[first], of[second])
        for name, of in figures.items()
        if of[first] is not None and of[second] is not None
    }
