"""One expansion: from a node to its child. Runs in a thread of its own; touches no shared state but the journal."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from threading import Lock

from bridle.environment import Environment
from bridle.errors import BridleError, Failure, ModelFault, SandboxFault
from bridle.evaluation.job import Job, Measured, Tried, attempt, measure, repeats, vet
from bridle.evaluation.judged import Row
from bridle.harness import Harness
from bridle.journal import Journal
from bridle.models.retry import Retry
from bridle.synthesis.forecast import ANSWERS_A_NODE
from bridle.synthesis.ledger import Ledger, OutOfCalls
from bridle.synthesis.plan import Plan
from bridle.synthesis.refiner import Assignment
from bridle.synthesis.schedule import Level
from bridle.synthesis.surface import program_digest
from bridle.synthesis.tree import Node

MOST_ASKED = 50
"""Mistakes of its parent that a candidate is asked about before it is played."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What an expansion is to do: decided by the loop, in dispatch order. `known` maps programs to committed nodes."""

    id: int
    parent: int
    level: Level
    assignment: Assignment
    reserved: Mapping[str, float]
    known: Mapping[str, int]


class _NotPlayed(Exception):
    """The expansion that was to measure a program did not get so far."""


def _sandbox_fault(error: BaseException) -> BaseException:
    """What was raised, where it says whose fault it is; a broken process is the sandbox's."""
    if isinstance(error, BridleError) or not isinstance(error, Exception):
        return error
    return SandboxFault(f"A process that measures harnesses failed: {error!r}")


class Expander:
    """Carries out expansions, never measuring the same program twice."""

    def __init__(
        self,
        plan: Plan,
        environment: Environment,
        journal: Journal,
        executor: Executor,
        *,
        retry: Retry,
    ) -> None:
        """Everything that expansions share; all of it safe to use from several threads."""
        self._retry = retry
        self._plan, self._environment = plan, environment
        self._journal, self._executor = journal, executor
        self._measured: dict[str, Future[Measured]] = {}
        self._lock = Lock()

    def expand(self, order: Order) -> Node:
        """The child: measured, a duplicate, unusable or failed. Only a broken journal or a bug raises."""
        allowance = int(order.reserved["calls"])
        model = order.level.model
        limited = "tokens" in order.reserved or "usd" in order.reserved
        ledger = Ledger(
            self._journal,
            model,
            expansion=order.id,
            allowance=allowance,
            billable=ANSWERS_A_NODE if limited else None,
            retry=self._retry,
        )
        scope = order.assignment.scope
        node = Node(id=order.id, parent=order.parent, status="unusable", scope=scope, model=model.name)
        try:
            node = self._refined(order, node, ledger)
        except OutOfCalls:
            node = replace(node, reason="The calls that were set aside for it were used up.")
        except ModelFault as fault:
            node = replace(node, status="failed", reason=f"model: {fault}")
        except SandboxFault as fault:
            node = replace(node, status="failed", reason=f"sandbox: {fault}")
        return replace(node, spent={**node.spent, **bill(ledger, order)})

    def _refined(self, order: Order, node: Node, ledger: Ledger) -> Node:
        programs: dict[str, str] = {}
        tries: dict[str, Tried] = {}

        def vet(harness: Harness) -> Failure | None:
            """Load a candidate and, while it is loaded, measure it too: a load costs a process."""
            program = programs[harness.source] = program_digest(harness.source)
            if program in order.known:
                return self.vet(harness)
            tries[program] = self._tried(order, harness, program)
            return tries[program].objection

        refinement = order.level.refiner.refine(replace(order.assignment, vet=vet), ledger)
        node = replace(node, prompt=refinement.prompt)
        if refinement.harness is None:
            return replace(node, reason=refinement.reason)
        source = refinement.harness.source
        program = programs.get(source) or program_digest(source)
        node = replace(node, source=source, program=program)
        if program in order.known:
            return replace(node, status="duplicate", same_as=order.known[program])
        tried = tries.get(program) or Tried(repeated=self._repeats(refinement.harness, order))
        if tried.repeated:
            return replace(node, reason="It gets everything wrong again that its parent got wrong; it was not played.")
        measured = tried.measured or self.measured(refinement.harness, program)
        steps = float(measured.evidence.counts.get("attempted", 0))
        return replace(
            node,
            status="measured",
            evidence=measured.evidence,
            confirmed=measured.confirmed,
            spent={"steps": steps},
        )

    def _mistakes(self, order: Order) -> tuple[Row, ...]:
        """What a candidate is asked about before it is played; nothing in the paper's method."""
        return () if self._plan.preset == "paper" else order.assignment.bank.of(order.parent)[:MOST_ASKED]

    def _repeats(self, harness: Harness, order: Order) -> bool:
        """Whether a candidate makes all the mistakes of its parent that it could have avoided."""
        rows = self._mistakes(order)
        return bool(rows) and self._executor.submit(repeats, harness, rows, self._plan.limits).result()

    def _tried(self, order: Order, harness: Harness, program: str) -> Tried:
        """Load a candidate, see whether it repeats its parent's mistakes, and measure it, all in one job.

        Where another expansion is at the same program, that one measures it.
        """
        with self._lock:
            ours = program not in self._measured
            future = self._measured.setdefault(program, Future())
        if not ours:
            objection = self.vet(harness)
            return Tried(objection=objection, repeated=objection is None and self._repeats(harness, order))
        try:
            tried = self._executor.submit(attempt, self._job(harness, program), self._mistakes(order)).result()
        except BaseException as error:
            self._give_up(program, future)
            raise _sandbox_fault(error) from error
        if tried.measured is None:
            self._give_up(program, future)
        else:
            future.set_result(tried.measured)
        return tried

    def _give_up(self, program: str, future: Future[Measured]) -> None:
        """Whoever waits for this measurement has to make it."""
        with self._lock:
            self._measured.pop(program, None)
        future.set_exception(_NotPlayed())

    def measured(self, harness: Harness, program: str) -> Measured:
        """The measurement of a program, made once however many expansions ask for it."""
        while True:
            with self._lock:
                future = self._measured.get(program)
                if future is None:
                    future = self._executor.submit(measure, self._job(harness, program))
                    self._measured[program] = future
            try:
                return future.result()
            except _NotPlayed:
                continue
            except BaseException as error:
                with self._lock:
                    self._measured.pop(program, None)
                raise _sandbox_fault(error) from error

    def vet(self, harness: Harness) -> Failure | None:
        """Load a harness in the sandbox: None when it loads, else why not."""
        return self._executor.submit(vet, harness, self._plan.limits).result()

    def _job(self, harness: Harness, program: str) -> Job:
        plan = self._plan
        return Job(
            environment=plan.environment or self._environment,
            harness=harness,
            objective=plan.objective,
            trial=plan.trial(),
            target=plan.target,
            confirm=plan.confirmation(program),
            limits=plan.limits,
            alone=plan.concurrency == 1,
        )


def bill(ledger: Ledger, order: Order) -> dict[str, float]:
    """What an expansion's calls came to. Where the provider said no usage, all that was set aside counts as spent."""
    bill = ledger.bill
    return {
        "iterations": 1.0,
        "calls": float(bill.calls),
        "tokens": max(float(bill.tokens), order.reserved.get("tokens", 0.0) if bill.unknown else 0.0),
        "usd": max(bill.usd, order.reserved.get("usd", 0.0) if bill.unpriced else 0.0),
        "unknown_usage": float(bill.unknown),
        "unknown_price": float(bill.unpriced),
    }
