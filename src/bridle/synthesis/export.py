"""Exporting a run's counterexamples as regression tests: a pytest file, its data, and the best harness beside them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bridle.evaluation.regression import Case, answered
from bridle.harness import CONTRACTS, Contract, write
from bridle.sandbox import LocalSandbox
from bridle.synthesis.bank import Table, bank
from bridle.synthesis.run import HARNESS, Record, read
from bridle.synthesis.tree import Node

DATA, TEST = "counterexamples.json", "test_counterexamples.py"

CRASHES = {"crash-propose": "propose_action", "crash-check": "is_legal_action", "crash-review": "review_call"}
"""The function that failed, by the failed step's kind."""

PROPOSED = ("illegal-accepted", "illegal-refused")
"""Kinds of failed steps that tell of an illegal proposal of the code's own."""

TEXT = '''"""Counterexamples of a search: what earlier candidates got wrong, and this harness must not.

Written by `bridle export`; run it with pytest. The harness runs in Bridle's sandbox.
"""

from pathlib import Path

import pytest

from bridle.testing.regression import Regression

REGRESSION = Regression(Path(__file__).parent)


@pytest.fixture(scope="module")
def loaded():
    with REGRESSION.loaded() as harness:
        yield harness


@pytest.mark.parametrize("case", REGRESSION.cases, ids=str)
def test_counterexample(loaded, case):
    if case.open:
        pytest.xfail("the exported harness failed on it")
    why = REGRESSION.fails(loaded, case)
    assert not why, why
'''


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What was written. `open` cases are those on which the best harness itself fails.

    `ancestors` are the best node's ancestors with the number of the other cases on which each fails.
    """

    folder: Path
    cases: int
    open: int
    ancestors: dict[int, int]


def export(run: Path, folder: Path) -> Exported:
    """Write the counterexamples of the run in `run` to `folder`, files of the same names replaced.

    Raises:
        JournalFault: there is no run.
        SandboxFault: this machine can't confine the harness, which is asked about every case.
    """
    record = read(run)
    contract = _contract(record)
    best, limits = record.best, record.plan.limits
    found = cases(record.tree, contract)
    with LocalSandbox(pinned=False) as sandbox:
        why = answered(best.harness(contract), found, sandbox, limits)
        found = [replace(case, open=bool(reason)) for case, reason in zip(found, why, strict=True)]
        closed = [case for case in found if not case.open]
        above = {
            node.id: sum(map(bool, answered(node.harness(contract), closed, sandbox, limits)))
            for node in record.tree.lineage(best.id)[:-1]
        }
    folder.mkdir(parents=True, exist_ok=True)
    note = f"node {best.id}, H = {best.h:.4f}{' (confirmed)' if best.confirmed else ''}"
    (folder / HARNESS).write_text(write(best.harness(contract), note), "utf-8")
    (folder / DATA).write_text(json.dumps(_data(record, contract, found), ensure_ascii=False, indent=1) + "\n", "utf-8")
    (folder / TEST).write_text(TEXT, "utf-8")
    return Exported(folder=folder, cases=len(found), open=len(found) - len(closed), ancestors=above)


def cases(nodes: Iterable[Node], contract: Contract) -> list[Case]:
    """Every distinct case in the nodes' evidence, in commit order, but for those whose truth nobody can tell."""
    nodes = list(nodes)
    check = "is_legal_action" if contract.name == "text-action" else "review_call"
    found: list[Case] = [
        Case(
            name="",
            about="check",
            function=check,
            kind=entry.kind,
            node=entry.node,
            view=entry.row.view,
            action=entry.row.action,
            legal=entry.row.legal,
            said=entry.row.feedback,
        )
        for entry in bank(nodes, Table()).entries
        if not entry.undecidable
    ]
    proposed: dict[str, Case] = {}
    runs: dict[str, Case] = {}
    for node in nodes:
        for step in node.evidence.failures if node.evidence is not None else ():
            more: dict[str, Any] = {"name": "", "kind": step.kind, "node": node.id, "view": step.observation}
            if step.kind in PROPOSED:
                known = proposed.setdefault(
                    json.dumps(step.observation),
                    Case(about="propose", function="propose_action", action=[], said=step.feedback, **more),
                )
                if step.action not in known.action:
                    known.action.append(step.action)
            elif step.kind in CRASHES and step.observation is not None:
                key = json.dumps([step.kind, step.observation, step.action], default=repr)
                function = CRASHES[step.kind]
                runs.setdefault(key, Case(about="runs", function=function, action=step.action, **more))
    found += [*proposed.values(), *runs.values()]
    return [replace(case, name=f"{number:03}-{case.about}-{case.kind}") for number, case in enumerate(found, 1)]


def _contract(record: Record) -> Contract:
    """The contract that the run was for, with its observation variant."""
    made_for = record.started["environment"]
    return replace(CONTRACTS[made_for["contract"]], observation=made_for["observation"])


def _data(record: Record, contract: Contract, found: list[Case]) -> dict[str, Any]:
    return {
        "environment": record.started["environment"]["name"],
        "contract": contract.name,
        "observation": contract.observation,
        "harness": record.best.harness(contract).digest,
        "limits": record.plan.record()["limits"],
        "cases": [case.record() for case in found],
    }
