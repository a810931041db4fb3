"""Induction: from examples to conditions that have merit, by covering.

    1  what the tools declare, and whether the environment holds them to it
    2  which arguments there are, of what type, and how ids are written, as far as no declaration explains it
    3  references: an id has to name what was shown, or at least spoken of
    4  how other values are written
    5  for each tool the state that it needs, then what has to come before it
    6  at last, of what is still unexplained: values that no tool listed

Each step looks only at the counterexamples that the steps before left unexplained, and takes the hypothesis that
explains the most of them, until none has merit. What almost had is noted with the reason why not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bridle.synthesis.learner.cases import Cases
from bridle.synthesis.learner.comparison import Among, Compare
from bridle.synthesis.learner.complexity import complexity
from bridle.synthesis.learner.condition import Condition
from bridle.synthesis.learner.conditionals import conditional
from bridle.synthesis.learner.example import Example, sessions
from bridle.synthesis.learner.form import Fits, KnownTool, Only
from bridle.synthesis.learner.helpers import found
from bridle.synthesis.learner.merit import Demands, Merit, contradicted, weigh
from bridle.synthesis.learner.preconditions import (
    Columns,
    earlier_terms,
    hypotheses,
    listings,
    order_terms,
    recalled,
    references,
    state_terms,
)
from bridle.synthesis.learner.reference import Shown
from bridle.synthesis.learner.rule import Kind, LeftOut
from bridle.synthesis.learner.shapes import declared, induced, paths, structural, written
from bridle.synthesis.learner.table import Table
from bridle.synthesis.learner.term import Argument
from bridle.synthesis.learner.wording import tame

BROKEN = 0.05
"""An error class with this share of what broken shapes explain is one that broken calls are answered with."""

OFTEN_SHOWN, SELDOM_SHOWN = 1 / 4, 1 / 20
"""The share of an argument's accepted values that were shown, from which it names things; the second where all values
are written like ids, letters before digits."""

CARRIED_OVER = 50
"""How much likelier a comparison is to hold for a tool when it holds for another."""

COST = 10
"""Counterexamples that a hypothesis has to explain more than another for each accepted call that it takes for noise."""

PASSES = 2
"""Times that everything is looked at: what is hidden among many errors at first stands out when most are explained."""

ROUNDS: tuple[Kind, ...] = ("precondition", "order", "conditional")
"""What is looked at for each tool, until too little is left to be explained."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Finding:
    """A condition that has merit for some tools; `everywhere` for all that it can apply to."""

    kind: Kind
    condition: Condition
    tools: tuple[str, ...]
    merit: Merit
    everywhere: bool = False


class Induction:
    """One induction over readable examples. `run` it once; then `findings` and `left_out` hold what came of it."""

    def __init__(self, examples: Iterable[Example], demands: Demands) -> None:
        """Sort the examples by tool; nothing is explained yet."""
        by_tool: dict[str, list[Example]] = {}
        examples = list(examples)
        self._sessions = sessions(examples)
        for example in examples:
            by_tool.setdefault(example.tool, []).append(example)
        self.cases = {tool: Cases(tool, members) for tool, members in sorted(by_tool.items())}
        self.unexplained = {tool: cases.rejected for tool, cases in self.cases.items()}
        self.findings: list[Finding] = []
        self.left_out: list[LeftOut] = []
        self._demands = demands
        self._looked: dict[tuple[str, Kind], int] = {}

    def run(self) -> None:
        """All six steps."""
        everything = list(self.cases.values())
        self._try("declared", KnownTool(), everything, everywhere=True)
        for condition in declared():
            self._try("declared", condition, self._agreeing(condition, everything), everywhere=True)
        for _ in range(PASSES):
            self._shapes_and_references()
            for cases in everything:
                self._preconditions(cases)
        self._carried_over(everything)
        self._listings()
        for cases in everything:
            for name, members in cases.by_class.items():
                if (count := (members & self.unexplained[cases.tool]).bit_count()) >= self._demands.support:
                    what = f"rejected calls of {cases.tool} ({name if tame(name) else 'an error'})"
                    self.left_out.append(LeftOut(what=what, why="no condition tells them apart", count=count))

    def _shapes_and_references(self) -> None:
        """Forms of arguments: which there are and of what type; how ids are written, what they name; then other values.

        A call about a thing that there is not can't have put anything right that depends on that thing: how its other
        values are written goes with the error, and explains none of it.
        """
        self._cover("shape", self._forms(structural))
        naming = self._naming()
        self._written(lambda condition: isinstance(condition, Fits) and condition.argument in naming)
        self._references(naming)
        self._written(lambda condition: not (isinstance(condition, Fits) and condition.argument in naming))

    def _written(self, keep: Callable[[Condition], bool]) -> None:
        """How values are written, as far as that explains errors of a class that broken calls are answered with.

        What else goes with a value may as well be the state.
        """
        hidden = {tool: mask & ~self._of_classes(tool) for tool, mask in self.unexplained.items()}
        self.unexplained = {tool: mask & ~hidden[tool] for tool, mask in self.unexplained.items()}
        self._cover("shape", self._forms(lambda condition: not structural(condition) and keep(condition)))
        self.unexplained = {tool: mask | hidden[tool] for tool, mask in self.unexplained.items()}

    def _forms(self, keep: Callable[[Condition], bool]) -> dict[Condition, Sequence[Cases]]:
        """Hypotheses about shapes; the same form of the same argument is one, for all tools that take it."""
        proposed: dict[Condition, Sequence[Cases]] = {}
        for cases in self.cases.values():
            for condition in filter(keep, induced(cases, self.unexplained[cases.tool])):
                if isinstance(condition, Only):
                    proposed[condition] = (*proposed.get(condition, ()), cases)
                elif condition not in proposed:
                    proposed[condition] = [c for c in self.cases.values() if c.reach(condition).applies & c.accepted]
        return {condition: self._agreeing(condition, among) for condition, among in proposed.items()}

    def _of_classes(self, tool: str) -> int:
        """The rejected calls of a tool that were answered with a class which broken calls are answered with."""
        counted: Counter[str] = Counter()
        for finding in self.findings:
            for name, mask in finding.merit.explained.items():
                for error_class, members in self.cases[name].by_class.items():
                    counted[error_class] += (mask & members).bit_count()
        broken = {name for name, count in counted.items() if count >= BROKEN * counted.total()}
        masks = [mask for name, mask in self.cases[tool].by_class.items() if name in broken]
        return sum(masks)

    def _taking(self) -> dict[str, list[Cases]]:
        """Each argument of accepted calls, with the tools that take it."""
        taking: dict[str, list[Cases]] = {}
        for cases in self.cases.values():
            for path in paths([example.arguments for example in cases.members(cases.accepted)]):
                taking.setdefault(path, []).append(cases)
        return dict(sorted(taking.items()))

    def _naming(self) -> dict[str, list[Cases]]:
        """Those of the arguments that name things."""
        return {path: among for path, among in self._taking().items() if self._names_things(path, among)}

    def _references(self, naming: Mapping[str, list[Cases]]) -> None:
        """References; the same argument is one hypothesis for all tools that take it.

        Where a thing has to be shown, nobody asks whether it was spoken of.
        """
        for path, among in naming.items():
            for condition in references(path):
                self._try("reference", condition, self._agreeing(condition, among))
                held = {tool for finding in self.findings if finding.condition == condition for tool in finding.tools}
                among = [cases for cases in among if cases.tool not in held]

    def _listings(self) -> None:
        """What tools list, for arguments that name no resource: where nothing else tells right values from wrong."""
        for path, among in self._taking().items():
            if not self._names_things(path, among):
                for condition in listings(path, among, self._sessions):
                    self._try("reference", condition, self._agreeing(condition, among))

    def _names_things(self, path: str, among: Sequence[Cases]) -> bool:
        """Whether an argument's accepted values are ids of resources: often enough, or now and then and written alike.

        Else it names nothing.
        """
        shown = Shown(path)
        reached = [(cases.reach(shown), cases.accepted) for cases in among]
        applies = sum((reach.applies & accepted).bit_count() for reach, accepted in reached)
        there = sum((reach.applies & ~reach.violated & accepted).bit_count() for reach, accepted in reached)
        if there >= applies * OFTEN_SHOWN:
            return True
        accepted = [example for cases in among for example in cases.members(cases.accepted)]
        texts = {value for example in accepted for value in found(example.arguments, path) if isinstance(value, str)}
        pattern = written(sorted(texts)) or ""
        return there >= applies * SELDOM_SHOWN and "[0-9]" in pattern and pattern[1:2].isalpha()

    def _preconditions(self, cases: Cases) -> None:
        """The state that one tool needs; what came before, and what only counts in some cases, as far as needed."""
        others = [tool for tool, them in self.cases.items() if them.accepted]
        if self.unexplained[cases.tool].bit_count() < self._demands.support or not cases.accepted:
            return
        state = state_terms(cases)
        for kind in ROUNDS:
            unexplained = self.unexplained[cases.tool]
            if unexplained.bit_count() < self._demands.support:
                return
            if self._looked.get((cases.tool, kind)) == unexplained:
                continue
            self._looked[cases.tool, kind] = unexplained
            accepted, rejected = cases.members(cases.accepted), cases.members(unexplained)
            if kind == "precondition":
                proposed = list(hypotheses(Columns.of(accepted, rejected, state)))
                proposed += [condition for condition in induced(cases, unexplained) if not structural(condition)]
            elif kind == "order":
                proposed = list(hypotheses(Columns.of(accepted, rejected, order_terms(cases, others))))
                arguments = [term for term in state if isinstance(term, Argument)]
                before = earlier_terms(state, self._sessions)
                proposed += recalled(Columns.of(accepted, rejected, [*arguments, *before]))
            else:
                proposed = list(conditional(cases, unexplained, [*state, *order_terms(cases, others)]))
            self._cover(kind, {condition: [cases] for condition in proposed})

    def _carried_over(self, everything: Sequence[Cases]) -> None:
        """What compares two things for one tool is tried on the others that take the same: there it needs less."""
        demands = replace(self._demands, support=2, chance=CARRIED_OVER * self._demands.chance)
        for finding in list(self.findings):
            condition = finding.condition
            if not isinstance(condition, (Among, Table)) and not (
                isinstance(condition, Compare) and not isinstance(condition.right, (int, float, str))
            ):
                continue
            for cases in everything:
                if cases.tool not in finding.tools and not contradicted(condition, cases, demands):
                    merit = weigh(condition, [cases], self.unexplained, demands)
                    if not merit.problem:
                        self._keep(finding.kind, condition, [cases], merit)

    def _agreeing(self, condition: Condition, among: Sequence[Cases]) -> list[Cases]:
        """The tools whose own accepted calls don't contradict the condition."""
        return [cases for cases in among if not contradicted(condition, cases, self._demands)]

    def _try(self, kind: Kind, condition: Condition, among: Sequence[Cases], *, everywhere: bool = False) -> None:
        """Keep a hypothesis if it has merit."""
        merit = weigh(condition, among, self.unexplained, self._demands)
        if not merit.problem:
            self._keep(kind, condition, among, merit, everywhere=everywhere)

    def _keep(
        self, kind: Kind, condition: Condition, among: Sequence[Cases], merit: Merit, *, everywhere: bool = False
    ) -> None:
        tools = tuple(cases.tool for cases in among)
        self.findings.append(Finding(kind=kind, condition=condition, tools=tools, merit=merit, everywhere=everywhere))
        for tool, mask in merit.explained.items():
            self.unexplained[tool] &= ~mask

    def _cover(self, kind: Kind, proposed: Mapping[Condition, Sequence[Cases]]) -> None:
        """Keep the simplest of the hypotheses that explain the most of one error class, until none has merit.

        What explains as much and has no merit is noted.
        """
        open_ = dict(proposed)
        while True:
            scores = {c: self._score(c, among) for c, among in open_.items()}
            open_ = {c: among for c, among in open_.items() if scores[c] >= self._demands.support}
            weighed = {c: weigh(c, among, self.unexplained, self._demands) for c, among in open_.items()}
            worthy = [condition for condition, merit in weighed.items() if not merit.problem]
            if not worthy:
                break
            worth = {c: scores[c] - COST * weighed[c].support.refused for c in worthy}
            best = max(worth.values())
            kept = min((c for c in worthy if worth[c] == best), key=lambda c: (complexity(c), c.code))
            self._keep("routing" if isinstance(kept, Table) else kind, kept, open_.pop(kept), weighed[kept])
        for condition in sorted(open_, key=lambda c: (-scores[c], complexity(c)))[:1]:
            what = f"{', '.join(cases.tool for cases in open_[condition])} needs {condition.words}"
            left = LeftOut(what=what, why=weighed[condition].problem, count=scores[condition])
            if left not in self.left_out:
                self.left_out.append(left)

    def _score(self, condition: Condition, among: Sequence[Cases]) -> int:
        """How many unexplained counterexamples it explains of the error class that it explains best."""
        by_class: dict[str, int] = {}
        for cases in among:
            mask = cases.reach(condition).violated & self.unexplained[cases.tool]
            for name, members in cases.by_class.items():
                by_class[name] = by_class.get(name, 0) + (mask & members).bit_count()
        return max(by_class.values(), default=0)
