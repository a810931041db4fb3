"""Real searches, again: the recorded answers of a model make the same trees, and what came of them is checked.

For every harness of `harnesses/index.json` the search is run with its recorded answers; its tree must be the recorded
one. Then the best harness, and the first answer alone ("single-shot"), are checked on sealed scenarios: legality over
10 × 1000 own steps, false acceptance and rejection on judged rows. `--write` keeps the figures in the index and the
tables in `harnesses/README.md`, row by row; names of games as arguments choose some; `--quick` leaves the sealed check
out.

The answers were written by an assistant from the prompts alone. Needs TextArena.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from bridle.environments.catalog import resolve
from bridle.environments.textarena.games import games
from bridle.evaluation.check import check
from bridle.harness import Harness, Limits, write
from bridle.models import Replay
from bridle.rollout import Trial
from bridle.sandbox import LocalSandbox
from bridle.synthesis import run as runs
from bridle.synthesis.plan import Plan
from bridle.synthesis.search import Outcome

HOME = Path(__file__).resolve().parent.parent / "harnesses"
ROWS = 4000

HEAD = """# Harnesses

Harnesses that searches found, each with the answers it was made from. The model is labelled `assistant`: an assistant
wrote the answers from the prompts alone, without an environment's source or a rules library, and no answer was edited.
Three things to know before the figures are quoted: the assistant knows many of these games by heart; one conversation
answered half of all prompts in sequence, so later answers came after earlier prompts and their feedback; and for about
six answers it tried its own code on positions of its own making. A harness is data: it is only ever run in the sandbox.

    bridle check harnesses/verifier/Chess-v0-blind.py textarena/Chess-v0-blind
    bridle paper harnesses
    bridle synthesize textarena/Chess-v0-long --from harnesses/verifier/Chess-v0-blind.py --model …

This page is made by `python benchmarks/replays.py --write`: it runs every search again with the recorded answers, which
has to give the recorded programs with the recorded H, and checks the best harness, and the first answer alone, on
sealed scenarios: 10 × 1000 own steps, and judged rows of foreign actions that nobody saw before. Intervals are 95 %.
*Calls* are model calls; the paper's *iterations* of its search (with another model) stand beside. A dash: not checked
this way yet. The second answer recorded for Othello-v0 is not used: the first was right, but while it was measured the
machine was so busy that one call took longer than its second on the wall, and at that time this counted as a failure.
Now a harness is held to its own time, and on a busy machine too that search ends after one call.
The paper's own tables, over all of these, are in [paper.md](paper.md), made by `bridle paper harnesses`.
"""


def searched(row: dict[str, Any], folder: Path) -> Outcome:
    """The search of a row, with its recorded answers."""
    plan = Plan.from_record(row["plan"])
    return runs.start(plan, folder, model=Replay(HOME / row["replay"]), executor="inline")


def sealed(environment_id: str, source: str) -> dict[str, Any]:
    """A harness on sealed scenarios."""
    trial = Trial(split="sealed", lanes=10, steps=1000)
    with LocalSandbox() as sandbox:
        found = check(resolve(environment_id), Harness(source), sandbox, trial=trial, rows=ROWS, limits=Limits())
    return found.record()


def found_by(outcome: Outcome, row: dict[str, Any]) -> Harness:
    """The best harness of a search."""
    return Harness(outcome.best.source, contract=resolve(row["environment"]).contract)


def replayed(row: dict[str, Any], *, quick: bool) -> dict[str, Any]:
    """The row with what running it again gave. `same` says whether the tree is the recorded one."""
    with tempfile.TemporaryDirectory() as folder:
        outcome = searched(row, Path(folder) / "run")
    first = next((node for node in outcome.tree if node.id == 1), None)
    again = {
        "stop": outcome.stop,
        "calls": int(outcome.spent["calls"]),
        "h": outcome.best.h,
        "confirmed": outcome.best.confirmed,
        "first_h": first.h if first is not None else None,
    }
    nodes = [[node.id, node.status, node.program[:16], node.h] for node in outcome.tree]
    same = nodes == row["nodes"] and found_by(outcome, row).digest == row["digest"]
    if not quick and row["environment"].startswith("textarena/"):
        again["sealed"] = sealed(row["environment"], outcome.best.source)
        if first is not None and first.source and first.id != outcome.best.id:
            again["first_sealed"] = sealed(row["environment"], first.source)
    return {**row, **again, "same": same, "source": outcome.best.source}


def rate(record: dict[str, Any] | None, what: str) -> str:
    """A rate on foreign actions, with its interval."""
    found = (record or {}).get("foreign")
    if not found or found[what] is None:
        return "no data"
    one = found[what]
    return f"{one['count']} of {one['n']} [{one['low']:.4f}, {one['high']:.4f}]"


def illegal(record: dict[str, Any] | None) -> str:
    """Own illegal actions of those attempted."""
    return "-" if record is None else f"{record['legality']['illegal']} of {record['legality']['attempted']}"


def verifiers(rows: list[dict[str, Any]]) -> str:
    """The table of the searches for verifiers."""
    lines = [
        "| game | in the paper's 32 | paper: iterations | calls | H | own illegal | false acceptance | false rejection"
        " | first answer: H | own illegal | false acceptance | false rejection |",
        "|" + "---|" * 12,
    ]
    for row in rows:
        game = games()[row["environment"].split("/")[-1]]
        first = row.get("first_sealed") or row.get("sealed")
        cells = [
            game.id,
            "yes" if game.evaluated else "no",
            str(game.learning_steps),
            str(row["calls"]),
            f"{row['h']:.3f}",
            illegal(row.get("sealed")),
            rate(row.get("sealed"), "false_acceptance"),
            rate(row.get("sealed"), "false_rejection"),
            "-" if row.get("first_h") is None else f"{row['first_h']:.3f}",
            illegal(first),
            rate(first, "false_acceptance"),
            rate(first, "false_rejection"),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def policies(rows: list[dict[str, Any]]) -> str:
    """The table of the searches for policies."""
    lines = ["| game | stopped | calls | H | mean reward in search | own illegal, sealed |", "|" + "---|" * 6]
    for row in rows:
        reward = max(0.0, 2 * row["h"] - 1)
        game = row["environment"].split("/")[-1]
        cells = [
            game,
            row.get("stop", "-"),
            str(row["calls"]),
            f"{row['h']:.3f}",
            f"{reward:.3f}",
            illegal(row.get("sealed")),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def warm(rows: list[dict[str, Any]]) -> str:
    """The table of the searches that were started from a sibling's harness."""
    lines = ["| game | started from | calls, warm | calls, cold | H |", "|" + "---|" * 5]
    cold = {row["environment"]: row["calls"] for row in rows if row["objective"] == "verifier" and not row.get("from")}
    for row in rows:
        if row.get("from"):
            game, calls = row["environment"].split("/")[-1], str(cold.get(row["environment"], "-"))
            lines.append(f"| {game} | {row['from']} | {row['calls']} | {calls} | {row['h']:.3f} |")
    return "\n".join(lines)


def page(rows: list[dict[str, Any]]) -> str:
    """The README of the folder."""
    found = [row for row in rows if row["objective"] == "verifier" and not row.get("from")]
    acting = [row for row in rows if row["objective"] == "policy"]
    parts = [HEAD, "## Verifiers\n", verifiers(found), "\n## Started warm\n", warm(rows)]
    parts += [
        "\n## Policies\n",
        "Rewards on sealed matches, beside the paper's: `bridle paper harnesses`.\n",
        policies(acting),
    ]
    if any(row["objective"] == "workflow" for row in rows):
        parts += ["\n## Workflows\n", "Their figures stand in [the evaluation](../docs/evaluation.md)."]
    return "\n".join(parts) + "\n"


def keep(found: dict[str, Any], source: str) -> None:
    """Write a row's figures, its harness, and the page; several processes may."""
    contract = resolve(found["environment"]).contract
    note = f"for {found['environment']}, objective {found['objective']}, written by {found['model']}"
    (HOME / found["file"]).write_text(write(Harness(source, contract=contract), note))
    with (HOME / "index.json").open("r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        index = json.load(file)
        index["harnesses"] = [found if row["replay"] == found["replay"] else row for row in index["harnesses"]]
        file.seek(0)
        file.write(json.dumps(index, indent=1, ensure_ascii=False) + "\n")
        file.truncate()
        (HOME / "README.md").write_text(page(index["harnesses"]), "utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("games", nargs="*")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--objective", help="Only searches for this objective.")
    parser.add_argument("--missing", action="store_true", help="Only those without sealed figures.")
    asked = parser.parse_args()
    differ = 0
    for row in json.loads((HOME / "index.json").read_text("utf-8"))["harnesses"]:
        name = row["environment"].split("/")[-1]
        if (asked.games and name not in asked.games) or (asked.missing and "sealed" in row):
            continue
        if asked.objective and row["objective"] != asked.objective:
            continue
        found = replayed(row, quick=asked.quick)
        source, same = found.pop("source"), found.pop("same")
        differ += not same
        checked = found.get("sealed")
        told = f"own illegal {illegal(checked)}, false acceptance {rate(checked, 'false_acceptance')}"
        tree = "the recorded tree" if same else "ANOTHER TREE"
        print(f"{name:24} {row['objective']:9} {tree}, {found['calls']} calls, H {found['h']:.3f}; {told}", flush=True)
        if asked.write:
            keep(found, source)
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
