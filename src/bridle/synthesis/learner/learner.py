"""The rule learner as a refiner: from an assignment's examples to rules, and on to a harness. No model is asked.

Each refinement induces anew, from the judged calls and from everything that the candidates so far got wrong; so it
does not edit its parent, it replaces it. Further attempts from the same node are more daring, then more careful.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bridle.errors import ModelFault, UsageError
from bridle.models.model import Completion, Request
from bridle.synthesis.learner.book import rulebook
from bridle.synthesis.learner.example import examples
from bridle.synthesis.learner.merit import Demands
from bridle.synthesis.learner.rendering import render
from bridle.synthesis.learner.rule import Rulebook
from bridle.synthesis.ledger import Ledger
from bridle.synthesis.refiner import Assignment, Refinement

RULES = "rules"
"""The name of the model that stands for the rule learner: none."""

ATTEMPTS: tuple[Demands, ...] = (
    Demands(),
    Demands(support=2, chance=1e-2),
    Demands(support=6, scenarios=3, chance=1e-4),
    Demands(support=2, scenarios=1, tolerance=0.02, chance=5e-2),
    Demands(support=12, scenarios=4, tolerance=0.0, chance=1e-5),
)
"""What is demanded of a rule, attempt after attempt from the same node."""


@dataclass(frozen=True, kw_only=True)
class RuleLearner:
    """A refiner without a model, for tool calls."""

    name: str = "rule-learner"
    attempts: Sequence[Demands] = ATTEMPTS

    def request(self, assignment: Assignment) -> None:
        """It makes no requests."""
        return None

    def refine(self, assignment: Assignment, ledger: Ledger) -> Refinement:
        """The harness of the rules that the examples support.

        Raises:
            UsageError: the environment's actions are no tool calls.
        """
        book = self.rulebook(assignment)
        if not book.rules:
            return Refinement(harness=None, prompt=self.name, reason="No rule has support in the examples.")
        harness = render(book)
        objection = assignment.vet(harness)
        if objection is not None:
            return Refinement(harness=None, prompt=self.name, reason=f"The module can't be loaded: {objection}")
        return Refinement(harness=harness, prompt=self.name)

    def rulebook(self, assignment: Assignment) -> Rulebook:
        """What can be induced for an assignment."""
        if assignment.parent.contract.name != "tool-call":
            raise UsageError(
                f"The rule learner writes harnesses for tool calls, and {assignment.environment.name} has text "
                "actions; name a model."
            )
        demands = self.attempts[(assignment.attempt - 1) % len(self.attempts)]
        book = rulebook(examples((*assignment.bank.rows, *assignment.examples)), demands)
        kept = tuple(s for s in book.spellings if s.id not in assignment.bank.broken_rewrites)
        return replace(book, spellings=kept)


class NoModel:
    """Stands where a run needs a model and none is to be asked."""

    name = RULES

    def complete(self, request: Request) -> Completion:
        """Refuse."""
        raise ModelFault("This run has no model: it is the rule learner's.", permanent=True)


def rule_learner() -> RuleLearner:
    """The rule learner with its default demands."""
    return RuleLearner()
