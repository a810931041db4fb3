"""The search: tree search over programs, as the paper has it, with its results committed in dispatch order.

    while nothing says stop:
        node  = the selector's choice, from the tree as far as it is committed
        child = the refiner's rewrite of it, measured in the environment
        commit the child, in the order in which the choices were made

With K expansions in flight, choice i sees the first i - K commits and counts what is pending as pulls, so that the same
answers give the same tree on any number of workers. What a journal already holds is not done again: resuming is
running the same loop.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field, replace

from bridle.environment import Environment
from bridle.errors import JournalFault, UsageError
from bridle.evaluation.examples import judged_calls, telling_calls
from bridle.evaluation.job import vet
from bridle.evaluation.judged import Row
from bridle.evaluation.samples import sample_observations
from bridle.harness import template
from bridle.journal import Journal
from bridle.models.model import Model, Priced, Usage
from bridle.models.retry import Retry
from bridle.synthesis.bank import Table
from bridle.synthesis.briefing import Briefing
from bridle.synthesis.budget import Budget
from bridle.synthesis.expansion import Expander, Order
from bridle.synthesis.forecast import CALLS_A_NODE, Forecast, forecast, too_dear
from bridle.synthesis.learner.learner import RULES
from bridle.synthesis.outcome import Hooks, Outcome
from bridle.synthesis.plan import Plan, Root
from bridle.synthesis.refiner import Assignment
from bridle.synthesis.schedule import Level, Standing, standing
from bridle.synthesis.selection import selector
from bridle.synthesis.surface import program_digest
from bridle.synthesis.tree import Node, Tree

QUOTED_ANSWER = 10_000
"""Tokens set aside for the answer that a repair request quotes."""

FAILURES_IN_A_ROW = 3
"""Expansions that the model (or the sandbox) failed, one after the other, after which a run pauses."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a search works with: the plan's names, opened."""

    environment: Environment
    levels: tuple[Level, ...]
    journal: Journal
    executor: Executor
    hooks: Hooks = field(default_factory=Hooks)
    retry: Retry = field(default_factory=Retry)


class Search:
    """One run's search. Make it, `run` it once."""

    def __init__(self, plan: Plan, parts: Parts) -> None:
        """Read what the journal already holds; nothing is asked or measured yet."""
        self.plan, self._parts = plan, parts
        self._selector = selector(plan.selector, weight=plan.weight)
        self._recorded = {e.key: Node.from_record(e.payload) for e in parts.journal.events("node") if e.payload}
        self._order = deque(node.id for node in self._recorded.values() if node.id > 0)
        self._seen: dict[str, int] = {e.key: e.payload["seen"] for e in parts.journal.events("expansion") if e.payload}
        self._expander = Expander(plan, parts.environment, parts.journal, parts.executor, retry=parts.retry)
        self._budget = Budget(plan.limit)
        self._forecast: Forecast | None = None
        self._threads: list[threading.Thread] = []
        self._began = time.monotonic()
        self._earlier_seconds: float = sum(
            (e.payload or {}).get("seconds", 0.0) for e in parts.journal.events("session.ended")
        )

    def run(self) -> Outcome:
        """The loop."""
        tree, stop = self._plant()
        if stop is None:
            self._foretell(tree)
        pending, expansion = deque[tuple[Order, Future[Node]]](), 1
        while stop is None:
            while len(pending) < self.plan.concurrency and self._due(expansion, tree):
                order = self._choose(expansion, tree, pending)
                if order is None:
                    break
                pending.append((order, self._dispatch(order, tree)))
                expansion += 1
            if not pending:
                stop = self._exhausted()
                break
            arrived = self._next(pending)
            if arrived is None:
                stop = "time"
                break
            tree = self._commit(tree, *arrived)
            stop = self._stop(tree)
        return self._finish(tree, stop, abandoned=[order.id for order, _ in pending])

    def _plant(self) -> tuple[Tree, str | None]:
        """The roots, measured like any other node: the contract's template, then those of the plan.

        Also why the run ends here, if it does: one of them is what it was for, or there are no steps left for them.
        """
        root = self._recorded.get("0")
        if root is None:
            harness = template(self._parts.environment.contract)
            program = program_digest(harness.source)
            evidence = self._expander.measured(harness, program).evidence
            root = Node(id=0, parent=None, status="root", source=harness.source, program=program, evidence=evidence)
            self._parts.journal.append("node", "0", root.record())
        self._briefing = Briefing(
            plan=self.plan,
            environment=self._parts.environment,
            starts=sample_observations(self._parts.environment, seed=self.plan.seed),
            table=Table(self._judged()),
            vet=self._expander.vet,
            executor=self._parts.executor,
        )
        tree = Tree((root,))
        for number, given in enumerate(self.plan.roots, 1):
            grown = self._warm(tree, -number, given)
            if grown is None:
                return tree, "steps"
            tree = grown
        return tree, "target" if any(self.finished(node) for node in tree) else None

    def _warm(self, tree: Tree, number: int, given: Root) -> Tree | None:
        """The tree with one more root of the plan's, its steps paid for; None where there are not enough left."""
        node = self._recorded.get(str(number))
        recorded = node is not None
        if node is None:
            reserved = {"steps": self._trial_steps()}
            if self._budget.short(reserved) is not None:
                return None
            program = program_digest(given.source)
            node = Node(
                id=number, parent=None, status="warm", source=given.source, program=program, reason=f"from {given.name}"
            )
            if not any(other.selectable and other.program == program for other in tree):
                harness = node.harness(self._parts.environment.contract)
                measured = self._expander.measured(harness, program)
                steps = {"steps": float(measured.evidence.counts.get("attempted", 0))}
                node = replace(node, evidence=measured.evidence, confirmed=measured.confirmed, spent=steps)
        self._budget.settle({}, node.spent)
        tree = tree.grow(node)
        if not recorded:
            self._parts.journal.append("node", str(number), tree.nodes[-1].record())
            self._parts.hooks.on_node(tree.nodes[-1], tree)
        return tree

    def _foretell(self, tree: Tree) -> None:
        """Say what the run may cost, before the first call; on resuming, what was said then is kept."""
        event = self._parts.journal.last("forecast")
        if event is not None and event.payload is not None:
            self._forecast = Forecast.from_record(event.payload)
            return
        assignment = self._briefing.assignment(tree, tree[0], attempt=1)
        requests = [level.refiner.request(assignment) for level in self._parts.levels]
        found = forecast(self.plan, self._parts.levels, requests, trial_steps=self._trial_steps())
        dear = too_dear(self._estimate(assignment, self._parts.levels[0]), self.plan)
        self._forecast = replace(found, warnings=(*found.warnings, *dear))
        self._parts.journal.append("forecast", "", self._forecast.record())
        self._parts.hooks.on_forecast(self._forecast)

    def _judged(self) -> list[Row]:
        """Judged calls for the refiner and the bank, where the environment's actions are calls."""
        if self._parts.environment.contract.name != "tool-call" or not self.plan.examples:
            return []
        judged = telling_calls if self.plan.model == RULES else judged_calls
        return judged(self._parts.environment, "train", count=self.plan.examples, seed=self.plan.seed)

    def _choose(self, expansion: int, tree: Tree, pending: deque[tuple[Order, Future[Node]]]) -> Order | None:
        """The next order, its cost reserved; None when the budget has no room for it now."""
        waiting = [order.parent for order, _ in pending]
        pulls = Counter(waiting)
        pulls.update(node.parent for node in tree if node.parent is not None and node.status != "failed")
        rng = random.Random(f"{self.plan.seed}/select/{expansion}")
        parent = self._selector.select(tree, pulls, rng)
        assignment = self._briefing.assignment(tree, parent, attempt=1 + pulls[parent.id])
        level = self._parts.levels[self._standing(tree).level]
        reserved = self._estimate(assignment, level)
        if self._budget.short(reserved) is not None:
            return None
        self._budget.reserve(reserved)
        known = {node.program: node.id for node in tree.selectable()}
        return Order(id=expansion, parent=parent.id, level=level, assignment=assignment, reserved=reserved, known=known)

    def _standing(self, tree: Tree) -> Standing:
        return standing(tree, levels=len(self._parts.levels), escalate_after=self.plan.escalate_after)

    def _estimate(self, assignment: Assignment, level: Level) -> dict[str, float]:
        """The most that an expansion can cost: all its calls, two full answers, both trials to the end."""
        amounts = {"iterations": 1.0, "steps": self._trial_steps(), "calls": 0.0}
        request = level.refiner.request(assignment)
        if request is not None:
            amounts["calls"] = min(float(CALLS_A_NODE), max(1.0, self._budget.left("calls")))
            usage = Usage(input_tokens=len(request.prompt) // 2, output_tokens=request.max_output_tokens)
            if self.plan.limit.tokens is not None:
                amounts["tokens"] = 2.0 * (usage.input_tokens + usage.output_tokens) + QUOTED_ANSWER
            if self.plan.limit.usd is not None:
                amounts["usd"] = 2.0 * priced(level.model, usage)
        return amounts

    def _trial_steps(self) -> float:
        """The most environment steps that one measurement takes."""
        return float((2 if self.plan.confirm else 1) * self.plan.trial().planned)

    def _due(self, expansion: int, tree: Tree) -> bool:
        """Whether a decision may be made now: one that the journal has is made after as many commits as it was."""
        return len(tree.expansions) >= self._seen.get(str(expansion), 0)

    def _dispatch(self, order: Order, tree: Tree) -> Future[Node]:
        """Start an expansion in a thread of its own, or answer it from the journal."""
        future: Future[Node] = Future()
        recorded = self._recorded.get(str(order.id))
        if recorded is not None:
            if recorded.parent != order.parent:
                raise JournalFault(
                    f"The journal says that expansion {order.id} began at node {recorded.parent}, and this search "
                    f"chose node {order.parent}; resume the run with the plan and release that started it."
                )
            future.set_result(recorded)
            return future
        self._parts.journal.append("expansion", str(order.id), {"parent": order.parent, "seen": len(tree.expansions)})
        self._parts.hooks.on_dispatch(order.id, order.parent)
        if not self._threads:
            self._warm_up()
        thread = threading.Thread(target=settle, args=(future, self._expander.expand, order), daemon=True)
        self._threads.append(thread)
        thread.start()
        return future

    def _warm_up(self) -> None:
        """Let the other workers start while the first answers are awaited: a fresh one imports for half a second."""
        for _ in range(self.plan.concurrency - 1):
            self._parts.executor.submit(vet, template(self._parts.environment.contract), self.plan.limits)

    def join(self, seconds: float) -> None:
        """Wait, at most so long altogether, for expansions that were abandoned."""
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _next(self, pending: deque[tuple[Order, Future[Node]]]) -> tuple[Order, Node] | None:
        """The pending expansion that is committed next, in the journal's order while that lasts.

        None when the time is used up first.
        """
        if self._order:
            index = [order.id for order, _ in pending].index(self._order.popleft())
            order, future = pending[index]
            del pending[index]
            return order, future.result()
        limit = self.plan.limit.seconds
        remaining = None if limit is None else limit - self._seconds()
        ready = [pending[0][1]] if self.plan.order == "dispatch" else [future for _, future in pending]
        done = wait(ready, timeout=remaining, return_when=FIRST_COMPLETED).done
        for index, (order, future) in enumerate(pending):
            if future in done:
                del pending[index]
                return order, future.result()
        return None

    def _commit(self, tree: Tree, order: Order, node: Node) -> Tree:
        """Add the node to the tree, durably, and settle its bill."""
        self._budget.settle(order.reserved, node.spent)
        tree = tree.grow(node)
        node = tree.nodes[-1]
        if str(node.id) not in self._recorded:
            self._parts.journal.append("node", str(node.id), node.record())
            self._parts.hooks.on_node(node, tree)
        return tree

    def _stop(self, tree: Tree) -> str | None:
        """Why the run ends now, or None."""
        if any(self.finished(node) for node in (tree.nodes[-1],)):
            return "target"
        fresh = [node for node in tree.expansions if str(node.id) not in self._recorded][-FAILURES_IN_A_ROW:]
        if len(fresh) == FAILURES_IN_A_ROW and all(node.status == "failed" for node in fresh):
            return "model-failed" if fresh[-1].reason.startswith("model") else "sandbox-failed"
        if self.plan.plateau is not None and self._standing(tree).since >= self.plan.plateau:
            return "plateau"
        if self.plan.limit.seconds is not None and self._seconds() >= self.plan.limit.seconds:
            return "time"
        return None

    def finished(self, node: Node) -> bool:
        """Whether a node is what the run was for."""
        if (
            node.status not in ("measured", "warm")
            or node.evidence is None
            or not node.evidence.reaches(self.plan.target)
        ):
            return False
        return (node.confirmed or not self.plan.confirm) and not (self.plan.strict and node.evidence.disagrees)

    def _exhausted(self) -> str:
        """Which limit has no room for another expansion."""
        return self._budget.short({"iterations": 1.0, "calls": 1.0, "steps": self._trial_steps()}) or (
            "usd" if self.plan.limit.usd is not None and self.plan.limit.tokens is None else "tokens"
        )

    def _seconds(self) -> float:
        return self._earlier_seconds + time.monotonic() - self._began

    def _finish(self, tree: Tree, stop: str, *, abandoned: list[int]) -> Outcome:
        """Record why the run ended."""
        outcome = Outcome(
            stop=stop,
            tree=tree,
            best=tree.best(),
            harness=tree.best().harness(self._parts.environment.contract),
            spent=dict(self._budget.spent),
            forecast=self._forecast,
            folder=self._parts.journal.path.parent,
        )
        self._parts.journal.append("session.ended", "", {"seconds": time.monotonic() - self._began})
        self._parts.journal.append(
            "run.stopped", "", {"stop": stop, "best": outcome.best.id, "tree": tree.digest, "abandoned": abandoned}
        )
        self._parts.hooks.on_stop(outcome)
        return outcome


def settle(future: Future[Node], expand: Callable[[Order], Node], order: Order) -> None:
    """Run an expansion and put its result, or whatever it raised, into the future."""
    try:
        future.set_result(expand(order))
    except BaseException as error:
        future.set_exception(error)


def priced(model: Model, usage: Usage) -> float:
    """What a call of this usage costs, in US dollars; UsageError where nobody knows."""
    price: float | None = model.price(usage) if isinstance(model, Priced) else None
    if price is None:
        raise UsageError(f"The price of {model.name} is unknown, so --max-usd can't be kept; use --max-tokens instead.")
    return price
