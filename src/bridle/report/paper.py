"""The paper's tables with our columns beside them, as rows of text."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean
from typing import Any

from bridle.environments.textarena.games import games
from bridle.evaluation.paper import published
from bridle.evaluation.paper.campaign import AS_SHIPPED
from bridle.evaluation.paper.collection import Collected
from bridle.harness import TEXT_ACTION

LEGALITY = [
    "game",
    "paper: iterations",
    "ours: model calls",
    "searched for",
    "illegal own actions",
    "false acceptance",
    "false rejection",
]
REWARDS = [
    "game",
    "player",
    "mean reward",
    "as shipped",
    "random legal",
    "paper: harness-as-policy",
    "paper: GPT-5.2-High",
    "beside the paper",
]
DUELS = ["game", "player", "opponent", "won", "drawn", "lost", "of them by an illegal action"]

Rows = list[list[str]]


def legality(collection: Sequence[Collected], rows: Sequence[dict[str, Any]]) -> Rows:
    """Sealed legality of every harness, and its check on foreign actions; the paper's is 0 of 10000 everywhere."""
    found = {
        (row["environment"], row["harness"]): row for row in rows if row["part"] == "legality" and "error" not in row
    }
    table = []
    for one in (one for one in collection if one.harness.contract.name == TEXT_ACTION.name):
        row = found.get((one.environment, one.harness.digest))
        known = games().get(one.game)
        table.append(
            [
                one.game,
                str(known.learning_steps) if known else "-",
                "-" if one.calls is None else str(one.calls),
                one.objective,
                "not run" if row is None else _illegal(row["legality"]),
                "not run" if row is None else _foreign(row, "false_acceptance"),
                "not run" if row is None else _foreign(row, "false_rejection"),
            ]
        )
    return table


def rewards(rows: Sequence[dict[str, Any]]) -> Rows:
    """One-player rewards: ours on corrected games and as shipped, a random legal player's, and the paper's."""
    played = [row for row in rows if row["part"] == "rewards" and "error" not in row]
    by = {(row["environment"], row["player"]): row for row in played}
    table = []
    for row in played:
        name = row["environment"]
        if name.endswith(AS_SHIPPED) or row["kind"] == "random legal":
            continue
        game = name.split("/")[-1]
        paper = published.rewards().get(game, {})
        theirs = paper.get(published.COUNTERPARTS.get(row["kind"], ""))
        shipped, chance = by.get((name + AS_SHIPPED, row["player"])), by.get((name, "random legal"))
        # The paper played the games as shipped, so that is what its figures are held against, where we did too.
        held = shipped or row
        table.append(
            [
                game,
                row["player"],
                _mean(row),
                _mean(shipped),
                _mean(chance),
                _number(paper.get("harness-as-policy")),
                _number(paper.get("gpt-5.2-high")),
                "-" if theirs is None else published.outcome(held["low"], held["high"], theirs),
            ]
        )
    return table + _not_run({row[0] for row in table}) + _overall(played)


def duels(rows: Sequence[dict[str, Any]]) -> Rows:
    """Two-player results, seats split."""
    return [
        [
            row["environment"].split("/")[-1],
            row["player"],
            row["opponent"],
            f"{row['wins']} of {row['matches']} [{row['low']:.2f}, {row['high']:.2f}]",
            str(row["draws"]),
            str(row["losses"]),
            str(row["losses_by_illegality"]),
        ]
        for row in rows
        if row["part"] == "duel" and "error" not in row
    ]


def markdown(title: str, columns: Sequence[str], rows: Rows) -> str:
    """A table in Markdown under its title."""
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in [list(columns), *rows]]
    lines.insert(1, "|" + "---|" * len(columns))
    return f"## {title}\n\n" + "\n".join(lines) + "\n"


def _not_run(played: set[str]) -> Rows:
    """The paper's one-player games that nobody played here."""
    return [
        [game, "-", "-", "-", "-", _number(paper["harness-as-policy"]), _number(paper["gpt-5.2-high"]), "not run"]
        for game, paper in published.rewards().items()
        if game not in played
    ]


def _overall(played: Sequence[dict[str, Any]]) -> Rows:
    """The policies' means over those of the paper's games that were played."""

    def ours(suffix: str) -> dict[str, float]:
        named = {row["environment"].split("/")[-1]: row["mean"] for row in played if row["kind"] == "policy"}
        return {name.removesuffix(suffix): value for name, value in named.items() if ("?" in name) is bool(suffix)}

    corrected, shipped, paper = ours(""), ours(AS_SHIPPED), published.rewards()
    both = [game for game in corrected if game in paper]
    if not both:
        return []
    return [
        [
            f"mean of {len(both)} games",
            "policy",
            _number(mean(corrected[game] for game in both)),
            _number(mean(shipped[game] for game in both)) if all(game in shipped for game in both) else "-",
            "-",
            _number(mean(paper[game]["harness-as-policy"] for game in both)),
            _number(mean(paper[game]["gpt-5.2-high"] for game in both)),
            "-",
        ]
    ]


def _illegal(legality: dict[str, Any]) -> str:
    planned = "" if legality["attempted"] == legality["planned"] else f" ({legality['planned']} planned)"
    return f"{legality['illegal']} of {legality['attempted']}{planned}"


def _foreign(row: dict[str, Any], what: str) -> str:
    rate = (row["foreign"] or {}).get(what)
    return "no data" if rate is None else f"{rate['count']} of {rate['n']} [{rate['low']:.4f}, {rate['high']:.4f}]"


def _mean(row: dict[str, Any] | None) -> str:
    return "-" if row is None else f"{row['mean']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
