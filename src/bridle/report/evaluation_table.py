"""The scorecard as rows: for terminals, for spreadsheets, and for the report."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from bridle.statistics import wilson

NO_DATA = "no data"


def names(card: Mapping[str, Any], slice: str) -> list[str]:
    """The figures that have data for any condition of a slice, in their order."""
    found = card["figures"][slice]
    every = list(dict.fromkeys(metric for figures in found.values() for metric in figures))
    return [metric for metric in every if any(figures[metric] is not None for figures in found.values())]


def missing(card: Mapping[str, Any], slice: str) -> list[str]:
    """The figures that have data for no condition of a slice."""
    told = set(names(card, slice))
    return [metric for metric in next(iter(card["figures"][slice].values())) if metric not in told]


def figure(value: Mapping[str, float] | None, *, broken: bool = False) -> str:
    """A figure with its interval and n; `broken` puts them on lines of their own."""
    if value is None:
        return NO_DATA
    digits = 2 if abs(value["value"]) >= 10 else 3
    told = [
        f"{value['value']:.{digits}f}",
        f"[{value['low']:.{digits}f}, {value['high']:.{digits}f}]",
        f"n={value['n']:.0f}",
    ]
    return ("\n" if broken else " ").join(told)


def rows(card: Mapping[str, Any], slice: str, *, only: Sequence[str] = (), broken: bool = False) -> list[list[str]]:
    """One row a figure, one column a condition."""
    found = card["figures"][slice]
    chosen = [metric for metric in names(card, slice) if not only or metric in only]
    return [[metric, *(figure(figures[metric], broken=broken) for figures in found.values())] for metric in chosen]


def as_csv(card: Mapping[str, Any]) -> str:
    """Every figure in a row of its own; figures without data have empty values."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["environment", "slice", "condition", "simulated", "metric", "value", "low", "high", "n"])
    for slice, of in card["figures"].items():
        for condition, figures in of.items():
            simulated = "simulated" if card["conditions"][condition]["simulated"] else ""
            for metric, value in figures.items():
                told = ["", "", "", ""] if value is None else [value[name] for name in ("value", "low", "high", "n")]
                writer.writerow([card["environment"], slice, condition, simulated, metric, *told])
    return out.getvalue()


def harness_rows(card: Mapping[str, Any]) -> list[list[str]]:
    """One row a harness: rules, those never exercised, what it cost, how fast it is."""
    found = []
    for name, harness in card["harnesses"].items():
        latency = card["times"]["review_latency"].get(name)
        paid = [f"{n} ({unit})" for unit, n in harness["decisions_until_paid"].items() if n is not None]
        found.append(
            [
                name,
                harness["digest"][:12],
                str(harness["rules"]),
                ", ".join(harness["never_exercised"]) or "none",
                ", ".join(harness["never_let_through"]) or "none",
                ", ".join(paid) or NO_DATA,
                NO_DATA if latency is None else f"{latency['p50'] * 1e3:.2f} / {latency['p99'] * 1e3:.2f} ms",
            ]
        )
    return found


HARNESS_COLUMNS = [
    "harness",
    "digest",
    "rules",
    "never exercised",
    "tools never let through",
    "decisions until paid",
    "review p50 / p99 (time)",
]


def flag_rows(card: Mapping[str, Any]) -> list[list[str]]:
    """One row a flag."""
    return [
        [name, flag["name"], flag["figure"], flag["threshold"], flag["meaning"]]
        for name, harness in card["harnesses"].items()
        for flag in harness["flags"]
    ]


FLAG_COLUMNS = ["harness", "flag", "figure", "raised where", "meaning"]


def test_rows(card: Mapping[str, Any], slice: str) -> list[list[str]]:
    """McNemar's test of each condition against its agent without a harness."""
    return [
        [
            name,
            str(t["only_with"]),
            str(t["only_without"]),
            _p(t["p"]),
            _p(t["holm"]),
            f"{t['e']:.3g}",
            "yes" if t["not_worse"] else "not shown",
        ]
        for name, t in card["tests"][slice].items()
        if t is not None
    ]


TEST_COLUMNS = [
    "condition",
    "only it completed",
    "only the agent alone",
    "p (McNemar)",
    "p (Holm)",
    "e-value",
    "not worse by 0.05",
]


def remarks(card: Mapping[str, Any]) -> list[str]:
    """What has to be said beside the figures, in sentences."""
    told = []
    simulated = sorted({c["agent"] for c in card["conditions"].values() if c["simulated"]})
    if simulated:
        told.append(f"Simulated agents ({', '.join(simulated)}): no model proposed anything here.")
    if card["policy"]:
        told.append(f"The policy {card['policy']} decided every final call.")
    looks = card["looks"]
    if looks is not None:
        fresh = " They were drawn from the harnesses' digests, after the search." if card["fresh"] else ""
        told.append(
            f"Sealed data: look {looks['all']} at this environment's sealed split, {looks['here']} of them at some of "
            f"these scenarios.{fresh}"
        )
    told += [_unseen(slice, found) for slice, found in card["unseen"].items() if found is not None]
    for slice, floor in card["floor"].items():
        if floor is not None:
            told.append(
                f"Floor of a perfect harness on views, {slice}: {floor['wrong']} wrong of {floor['asked']} questions "
                f"({floor['repeated']} of them asked more than once; only those can contradict themselves)."
            )
    for slice, of in card["unplayed"].items():
        told += [f"{slice}, {name}: {n} scenarios were not played to their end." for name, n in of.items() if n]
    for name, harness in card["harnesses"].items():
        if harness.get("policy_flip"):
            told.append(_flip(name, harness["policy_flip"]))
        if states := harness.get("offers", {}).get("states"):
            told.append(_offered(name, harness["offers"], states))
    told += [
        f"Answers of {name}: p50 {one['p50']:.2f} s, p99 {one['p99']:.2f} s, n={one['n']} (times)."
        for name, one in card["times"]["model_latency"].items()
        if one is not None
    ]
    told += [f"No slice {slice}: {why}" for slice, why in card["lacking"].items()]
    told.append("A figure of 0 claims no more than the upper end of its interval.")
    return told


def _offered(name: str, offers: Mapping[str, Any], states: int) -> str:
    missed = sorted(offers["missed"].items(), key=lambda one: (-one[1], one[0]))[:4]
    lacking = ", ".join(f"{tool} ({count})" for tool, count in missed) or "none"
    return (
        f"{name} as a filter: {offers['offered'] / states:.1f} calls offered in each of {states} states; legal acts "
        f"that were not, by tool: {lacking}."
    )


def _flip(name: str, counts: Mapping[str, Mapping[str, int]]) -> str:
    new, both = (
        f"{group['refused']} of {group['calls']} calls refused ({group['templates']} templates, "
        f"{group['sealed_templates']} of them sealed)"
        for group in (counts["newly_permitted"], counts["permitted_by_both"])
    )
    return f"Policy flip of {name}: newly permitted, {new}; permitted by both policies, {both}."


def _unseen(slice: str, found: Mapping[str, Any]) -> str:
    bound = wilson(found["shared"], found["sealed"]).high
    shared = (
        f"{len(found['templates_shared'])} of {found['templates']} templates" if found["templates"] else "no template"
    )
    return (
        f"Seen in search, {slice}: {found['shared']} of {found['sealed']} starts (≤ {bound:.2%}) are among the "
        f"{found['open']} open ones compared, by digest of what is seen first; {shared} are shared."
    )


def _p(value: float) -> str:
    return f"{value:.2g}"
