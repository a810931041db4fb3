"""`bridle evaluate`: agents with and without harnesses, side by side, on sealed, changed and adversarial scenarios."""

from __future__ import annotations

import inspect
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bridle.cli.console import JSON_OPTION, complain, emit, leave, table

if TYPE_CHECKING:
    from bridle.environment import Environment
    from bridle.evaluation.condition import Contender
    from bridle.evaluation.matrix import Matrix, Progress

EVALUATIONS = Path(".bridle/evaluations")
LEARNED = Path(".bridle/runs/learned")
ALSO: tuple[str, ...] = (
    "completion",
    "valid-action rate",
    "false acceptance",
    "false rejection",
    "drift in completion",
    "rise in false rejection",
    "escalation precision",
    "escalation recall",
    "routing accuracy",
)
"""The figures that are printed of the slices after the first; the files have all."""


def evaluate(
    environments: list[str] = typer.Argument(..., help="Environments' ids, such as enterprise/expense."),
    harness: list[Path] = typer.Option([], help="A harness's file, or its run's folder; several are set side by side."),
    model: str = typer.Option("rules", help="Who makes a harness where none is named: rules (kept), or none."),
    agent: list[str] = typer.Option(
        ["simulated:small", "simulated:large"], help="Agents: simulated:small, simulated:large, or model:MODEL."
    ),
    mode: list[str] = typer.Option(
        ["verifier", "policy"],
        help="How each harness is put to work: verifier, filter, policy (alone, where it defines propose_call).",
    ),
    slice: list[str] = typer.Option(
        ["nominal", "search", "mutated", "adversarial"], help="Slices of scenarios; the first is shown in full."
    ),
    scenarios: int = typer.Option(300, help="Scenarios of each slice."),
    policy: str = typer.Option(None, help="The environment's policy that decides every call (default: its first)."),
    seed: int = typer.Option(0, help="Which sealed scenarios, and the agents' chances."),
    fresh: bool = typer.Option(False, "--fresh", help="Sealed scenarios that follow from the harnesses' digests."),
    run: Path = typer.Option(None, help="The evaluation's folder; one that was interrupted goes on."),
    executor: str = typer.Option("processes", help="Where it runs: inline, processes or processes:N."),
    csv: Path = typer.Option(None, help="Write every figure to this file as well."),
    json: bool = JSON_OPTION,
) -> None:
    """Evaluate agents with and without harnesses.

    Each agent plays alone, behind every harness (one written by hand, where the environment ships it), and behind a
    perfect probe. With --mode filter a harness also offers it calls to choose from. Figures have 95 % intervals; what a
    sceptic would object to is flagged by name.

    Example:  bridle evaluate enterprise/expense --harness .bridle/runs/expense-1/harness.py
    """
    from bridle.cli.given import free_for
    from bridle.errors import UsageError

    if run is not None and len(environments) > 1:
        raise UsageError("One folder holds one evaluation; name one environment, or leave --run out.")
    if run is not None:
        free_for(run, evaluation=True)
    if csv is not None and not csv.parent.is_dir():
        raise UsageError(f"There is no folder {csv.parent} for {csv.name}; make it, or name another file.")
    wanted = _Wanted(agents=agent, modes=mode, slices=slice, scenarios=scenarios, policy=policy, seed=seed, fresh=fresh)
    for name in environments:
        _matrix(name, [], wanted)  # what can't be evaluated is said before a harness is made for it
    cards, rows = [], ""
    for name in environments:
        matrix = _matrix(name, _contenders(name, harness, model, quiet=json), wanted)
        folder = run or _folder(name, matrix)
        card = _played(matrix, folder, executor, quiet=json)
        cards.append(card)
        rows += _written(card, folder, first=not rows)
        if not json:
            tell(card)
            print(f"\nReport: {folder / 'report.html'}\nFigures: {folder / 'figures.json'}, {folder / 'figures.csv'}")
    if csv is not None:
        _write(csv, rows)
    if json:
        emit(cards[0] if len(cards) == 1 else {"evaluations": cards})


def tell(card: dict[str, Any]) -> None:
    """The scorecard as tables."""
    from bridle.report import evaluation_table as rows

    drawn = sys.stdout.isatty()
    for place, slice in enumerate(card["slices"]):
        only = () if place == 0 else ALSO
        title = f"{card['environment']}, {slice}: {card['slices'][slice]['count']} scenarios"
        table(title, ["", *card["conditions"]], rows.rows(card, slice, only=only, broken=drawn))
        print()
        if place == 0:
            table("Against the agent without a harness", rows.TEST_COLUMNS, rows.test_rows(card, slice))
            print()
    table("The harnesses", rows.HARNESS_COLUMNS, rows.harness_rows(card))
    print()
    if flagged := rows.flag_rows(card):
        table("Flags", rows.FLAG_COLUMNS, flagged)
    else:
        print("Flags: none.")
    print()
    for remark in rows.remarks(card):
        print(remark)


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """What is asked of every environment; see the command's options."""

    agents: list[str]
    modes: list[str]
    slices: list[str]
    scenarios: int
    policy: str | None
    seed: int
    fresh: bool


def _matrix(name: str, contenders: list[Contender], wanted: _Wanted) -> Matrix:
    """What is to be played in one environment."""
    from bridle.environments.catalog import resolve
    from bridle.environments.enterprise.governance import GovernedEnvironment
    from bridle.errors import UsageError
    from bridle.evaluation.condition import conditions
    from bridle.evaluation.matrix import Matrix
    from bridle.evaluation.proposer import open_agents
    from bridle.evaluation.slice import fresh_offset, slices

    if wanted.scenarios < 1:
        raise UsageError("An evaluation needs one scenario at least.")
    opened = resolve(name)
    if opened.contract.name != "tool-call":
        raise UsageError(
            f"{name} is played by text actions, and evaluations are of tool calls; check a harness with  bridle check."
        )
    policies = opened.policies if isinstance(opened, GovernedEnvironment) else ()
    if wanted.policy is not None and wanted.policy not in policies:
        known = f"use one of {', '.join(policies)}" if policies else "it has none, so leave --policy out"
        raise UsageError(f"{name} has no policy {wanted.policy!r}; {known}.")
    digests = [one.harness.digest for one in contenders]
    offset = fresh_offset(wanted.seed, digests) if wanted.fresh else wanted.seed * 7919
    found, lacking = slices(name, wanted.slices, offset=offset, count=wanted.scenarios)
    if not found:
        raise UsageError(f"{name} has none of the slices {', '.join(lacking)}; it has nominal and search.")
    for spec in wanted.agents:
        open_agents(spec, opened)
    return Matrix(
        environment=name,
        conditions=conditions(wanted.agents, contenders, wanted.modes),
        contenders=tuple(contenders),
        slices=tuple(found),
        lacking=lacking,
        policy=wanted.policy or next(iter(policies), ""),
        seed=wanted.seed,
        fresh=wanted.fresh,
        made_of=_made_of(opened),
    )


def _made_of(environment: Environment) -> str:
    """A digest of an environment: the file that its class is in, and its policies, each checked against its schema.

    Raises:
        PolicyFault: a policy can't be used.
    """
    from bridle.environments.enterprise.governance import GovernedEnvironment
    from bridle.evaluation.comparison import cedar
    from bridle.harness import digest

    module = inspect.getmodule(type(environment))
    file = Path(getattr(module, "__file__", None) or "")
    code = file.read_text("utf-8", errors="replace") if file.is_file() else ""
    policies = []
    if isinstance(environment, GovernedEnvironment):
        for name in environment.policies:
            cedar(environment, name)
            policies.append(vars(environment.governance(name)))
    return digest({"code": code, "policies": policies})


def _contenders(name: str, files: list[Path], model: str, *, quiet: bool) -> list[Contender]:
    """The harnesses: the one written by hand, those of the files, or one that the rule learner makes."""
    from bridle.environment import Shipping
    from bridle.environments.catalog import resolve
    from bridle.errors import UsageError
    from bridle.evaluation.condition import Contender

    opened = resolve(name)
    found: list[Contender] = []
    if isinstance(opened, Shipping):
        found.append(Contender(name="manual", harness=opened.manual_harness(), made="manual"))
    for file in files:
        found.append(_named(file, opened, {one.name for one in found}))
    if not files and model == "rules":
        found.append(_learned(name, opened, quiet=quiet))
    elif not files and model != "none":
        raise UsageError(f"Only rules makes a harness here, not {model!r}; synthesise one and name it with --harness.")
    return found


def _named(file: Path, environment: Environment, taken: set[str], name: str = "") -> Contender:
    """The harness of a file, named after it or after its run, with what its run cost."""
    from bridle.cli.given import harness_file, read_harness
    from bridle.evaluation.condition import Contender

    harness, file = read_harness(file, environment.contract), harness_file(file)
    name = name or (file.resolve().parent.name if file.stem == "harness" else file.stem)
    name = name if name not in taken else f"{name} {harness.digest[:8]}"
    calls, tokens, usd = _cost(file.parent)
    return Contender(name=name, harness=harness, calls=calls, tokens=tokens, usd=usd)


def _cost(folder: Path) -> tuple[int | None, int | None, float | None]:
    """Model calls, tokens and money of the run in a folder; None for what nobody knows."""
    from bridle.errors import BridleError
    from bridle.synthesis.run import JOURNAL, read

    if not (folder / JOURNAL).exists():
        return None, None, None
    try:
        record = read(folder)
    except BridleError:
        return None, None, None  # a journal of something else tells nothing of a harness's cost
    spent = [node.spent for node in record.tree]
    unknown = {unit: sum(one.get(f"unknown_{unit}", 0.0) for one in spent) for unit in ("usage", "price")}
    tokens = None if unknown["usage"] else round(sum(one.get("tokens", 0.0) for one in spent))
    usd = None if unknown["price"] else sum(one.get("usd", 0.0) for one in spent)
    return record.calls, tokens, usd


def _learned(name: str, environment: Environment, *, quiet: bool) -> Contender:
    """The rule learner's harness for an environment, made once and kept."""
    from bridle.cli.progress import Progress
    from bridle.synthesis import run as runs
    from bridle.synthesis.budget import Limit
    from bridle.synthesis.plan import Plan

    folder = LEARNED / _slug(name)
    plan = Plan(
        environment=name,
        model="rules",
        objective="workflow",
        lanes=10,
        steps=150,
        target=0.97,
        limit=Limit(iterations=6),
    )
    if not (folder / runs.HARNESS).exists():
        if not quiet:
            print(f"The rule learner writes a harness for {name}; it is kept in {folder}.", file=sys.stderr)
        with Progress(plan, quiet=quiet) as progress:
            if (folder / runs.JOURNAL).exists():
                runs.resume(folder, hooks=progress.hooks)
            else:
                runs.start(plan, folder, hooks=progress.hooks)
    return _named(folder / runs.HARNESS, environment, set(), "rules")


def _played(matrix: Matrix, folder: Path, executor: str, *, quiet: bool) -> dict[str, Any]:
    """Play with progress, and add up."""
    from bridle.evaluation.matrix import played
    from bridle.evaluation.scorecard import scorecard
    from bridle.execution import open_executor

    pool = open_executor(executor)
    try:
        with _Shown(quiet) as shown:
            done = played(matrix, folder, pool, on_part=shown.part)
        return scorecard(done)
    except KeyboardInterrupt:
        complain(f"Interrupted; what was played is kept. Go on with the same command, and  --run {folder}")
        leave(130)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


class _Shown:
    """The progress of an evaluation: a bar on a terminal, a line every tenth part elsewhere."""

    def __init__(self, quiet: bool) -> None:
        self._quiet, self._tenth = quiet, -1
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> _Shown:
        if not self._quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import Progress as Bar

            self._bar = Bar(console=Console(stderr=True))
            self._bar.start()
            self._task = self._bar.add_task("evaluating")
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def part(self, progress: Progress) -> None:
        """One more part was played."""
        if self._bar is not None:
            self._bar.update(self._task, total=progress.parts, completed=progress.done, description=progress.last[:60])
        elif not self._quiet and (tenth := 10 * progress.done // progress.parts) > self._tenth:
            self._tenth = tenth
            print(f"{progress.done} of {progress.parts} parts played", file=sys.stderr, flush=True)


def _written(card: dict[str, Any], folder: Path, *, first: bool) -> str:
    """Write figures and report beside the journal; the rows for a common file, without their head but for the first."""
    import json

    from bridle.report.evaluation import render
    from bridle.report.evaluation_table import as_csv

    rows = as_csv(card)
    _write(folder / "figures.json", json.dumps(card, ensure_ascii=False, indent=1) + "\n")
    _write(folder / "figures.csv", rows)
    _write(folder / "report.html", render(card))
    return rows if first else rows.partition("\n")[2]


def _write(path: Path, text: str) -> None:
    from bridle.errors import UsageError

    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise UsageError(f"{path} can't be written ({error.strerror}); name another file.") from None


def _folder(name: str, matrix: Matrix) -> Path:
    """The folder of exactly this evaluation: asked for again, it goes on, or is read."""
    from bridle.harness import digest

    return EVALUATIONS / f"{_slug(name)}-{digest(matrix.record())[:10]}"


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", name.split("/")[-1]).strip("-") or "evaluation"
