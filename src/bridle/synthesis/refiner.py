"""The refiner: the mutation operator that rewrites a harness. Here, a model; the rule learner is another."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bridle.environment import Environment
from bridle.errors import Failure
from bridle.evaluation.evidence import Evidence
from bridle.evaluation.judged import Row
from bridle.evaluation.objectives import Objective
from bridle.harness import IMPORTS, Contract, Harness, Limits
from bridle.models.model import Request
from bridle.synthesis.bank import Bank
from bridle.synthesis.excerpts import FULL, SMALLER, Room, fence
from bridle.synthesis.ledger import Ledger
from bridle.synthesis.prompts import render, version
from bridle.synthesis.second import PROMPT as SECOND
from bridle.synthesis.second import Second
from bridle.synthesis.surface import merge

PROMPTS = {"text-action": "refine-text-action", "tool-call": "refine-tool-call"}

CHARS_A_TOKEN = 3
"""Characters that a token of a prompt is reckoned at: fewer than most have, so that a prompt fits."""

ANSWER_SHARE = 4
"""A small context has room for an answer of one part in so many."""

ANSWER_CHARS = 20_000
"""The most of an unusable answer that is shown again: its end."""

REPAIR_CHARS = 1000
"""Room for what a repair request says of its own, and for the markers of what it quotes."""

BLOCK = re.compile(r"^```(?:python|py)[^\n]*\n(.*?)^```[ \t]*$", re.DOTALL | re.MULTILINE | re.IGNORECASE)
OPENING = re.compile(r"^```(?:python|py)", re.MULTILINE | re.IGNORECASE)

KINDS = {"text": "str", "bool": "bool", "json": "dict"}


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """What a refiner is given: the code, what went wrong with it, and what it may rewrite.

    `attempt` counts the expansions of this node from 1 on, pending ones included, so that no two requests are equal;
    `siblings` says what became of the earlier ones; `feedback` is the critic's Markdown. `vet` loads a harness in the
    sandbox: None when it loads, else why not (the static gate's findings among the reasons). `examples` are judged
    calls of a tool-call environment, and `bank` what the candidates so far got wrong. `second` is another program that
    is right where this one is wrong, where two parents are asked for and there is one. `room` is how much the page has
    room for, and `shortened` gives the same assignment for less.
    """

    environment: Environment
    objective: Objective
    parent: Harness
    evidence: Evidence | None
    from_root: bool
    scope: tuple[str, ...]
    feedback: str
    siblings: str
    attempt: int
    limits: Limits
    vet: Callable[[Harness], Failure | None]
    examples: tuple[Row, ...] = ()
    bank: Bank = field(default_factory=Bank)
    second: Second | None = None
    room: Room = FULL
    shortened: Callable[[Room], Assignment] | None = None


@dataclass(frozen=True, kw_only=True)
class Refinement:
    """What came of it: a harness, or the reason why not. `prompt` is the version of the prompt that was used."""

    harness: Harness | None
    prompt: str
    reason: str = ""


class Refiner(Protocol):
    """Rewrites a harness."""

    @property
    def name(self) -> str:
        """Who it is; a simulated one says so."""

    def refine(self, assignment: Assignment, ledger: Ledger) -> Refinement:
        """A new harness within the assignment's scope. Model calls go through the ledger.

        Raises:
            ModelFault, OutOfCalls: as the ledger does.
        """

    def request(self, assignment: Assignment) -> Request | None:
        """The first request that `refine` would make, for estimating its cost; None where it makes none."""


@dataclass(frozen=True, kw_only=True)
class ModelRefiner:
    """Asks a model; a reply without usable code gets one repair request, then is a recorded failure.

    `context` is how many tokens the model's context holds, the answer included. A prompt that is too long for it is
    shortened, and says what was left out.
    """

    name: str
    repairs: int = 1
    max_output_tokens: int = 16_000
    context: int = 200_000

    @property
    def output_tokens(self) -> int:
        """The most tokens of an answer."""
        return min(self.max_output_tokens, self.context // ANSWER_SHARE)

    @property
    def prompt_chars(self) -> int:
        """The most characters of a prompt."""
        return (self.context - self.output_tokens) * CHARS_A_TOKEN

    def request(self, assignment: Assignment) -> Request:
        """The prompt for an assignment, shortened where the context asks for it."""
        request = self._asked(assignment)
        for room in SMALLER if assignment.shortened is not None else ():
            if len(request.prompt) <= self.prompt_chars:
                break
            assert assignment.shortened is not None
            request = self._asked(assignment.shortened(room))
        return request

    def _asked(self, assignment: Assignment) -> Request:
        """The prompt for an assignment as it is."""
        environment, contract = assignment.environment, assignment.parent.contract
        told = assignment.second.text if assignment.second is not None else ""
        prompt = render(
            PROMPTS[contract.name],
            name=environment.name,
            description=environment.description,
            action_space=environment.action_space,
            signatures=signatures(contract),
            objective=assignment.objective.name,
            goal=assignment.objective.goal,
            code=assignment.parent.source.strip(),
            from_root=assignment.from_root,
            feedback="\n\n".join(part for part in (assignment.feedback, told) if part),
            siblings=assignment.siblings,
            attempt=assignment.attempt,
            scope=", ".join(f"`{name}`" for name in assignment.scope if contract.function(name).required),
            imports=", ".join(sorted(IMPORTS - {"__future__"})),
            call_seconds=assignment.limits.call_seconds,
            examples=judged(assignment.examples, assignment.room),
        )
        return Request(prompt=prompt, sample=assignment.attempt, max_output_tokens=self.output_tokens)

    def refine(self, assignment: Assignment, ledger: Ledger) -> Refinement:
        """Ask, take the code, check it statically; ask once more where it can't be used."""
        contract = assignment.parent.contract
        request = self.request(assignment)
        versions, asked = [version(PROMPTS[contract.name])], request.prompt
        if assignment.second is not None and assignment.second.text in asked:
            versions.append(version(SECOND))
        reason = ""
        if len(asked) > self.prompt_chars:
            reason = (
                f"The prompt has {len(asked)} characters however short it is made, most of them code, and the model's "
                f"context of {self.context} tokens has room for {self.prompt_chars}; declare a larger one (--context)."
            )
            return Refinement(harness=None, prompt=" ".join(versions), reason=reason)
        for _ in range(1 + self.repairs):
            answer = ledger.complete(request).text
            source, reason = usable(answer, assignment)
            if source is not None:
                return Refinement(harness=Harness(source, contract=contract), prompt=" ".join(versions))
            repair = repaired(asked, reason, answer, self.prompt_chars)
            request = Request(prompt=repair, sample=request.sample, max_output_tokens=self.output_tokens)
            if version("repair") not in versions:
                versions.append(version("repair"))
        return Refinement(harness=None, prompt=" ".join(versions), reason=reason)


def repaired(assignment: str, reason: str, answer: str, most: int) -> str:
    """The prompt that asks once more: whoever answers it has seen nothing else. It has `most` characters at most."""
    kept = max(0, min(ANSWER_CHARS, most - len(assignment) - len(reason) - REPAIR_CHARS))
    part = f" (only its last {kept} characters)" if len(answer) > kept else ""
    shown = answer[len(answer) - kept :] if len(answer) > kept else answer
    return render("repair", assignment=assignment.strip(), reason=fence(reason), part=part, answer=fence(shown))


def judged(rows: Sequence[Row], room: Room = FULL) -> str:
    """Judged calls as Markdown: for each tool and error class the first few sentences and calls, as data.

    At most as many tools and classes as there is room for; a shortened page says of how many more nothing is shown.
    """
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        tool = row.action.get("tool") if isinstance(row.action, dict) else None
        groups.setdefault((str(tool), row.error_class or "applicable"), []).append(row)
    lines = []
    for (tool, verdict), members in sorted(groups.items())[: room.groups]:
        lines.append(f"{tool}: {len(members)} × {verdict}")
        told = {row.feedback: row for row in members}
        lines += [f"  {json.dumps(row.action, ensure_ascii=False)}  {row.feedback}" for row in list(told.values())[:2]]
    if len(groups) > room.groups and room != FULL:
        lines.append(f"({len(groups) - room.groups} more tools and verdicts are not shown)")
    return fence("\n".join(lines)) if lines else ""


def usable(answer: str, assignment: Assignment) -> tuple[str | None, str]:
    """The module that comes of an answer, or None and the reason."""
    contract = assignment.parent.contract
    code, reason = extract(answer, assignment.limits.source_bytes)
    if code is None:
        return None, reason
    try:
        functions = tuple(signature.name for signature in contract.functions)
        source = merge(assignment.parent.source, code, scope=assignment.scope, functions=functions)
    except SyntaxError as error:
        return None, f"The code is no valid Python: {error.msg} (line {error.lineno})."
    except (ValueError, RecursionError, MemoryError) as error:
        return None, f"The code can't be parsed: {error}."
    except KeyError as missing:
        return None, f"The code does not define {missing.args[0]}, which was to be written."
    objection = assignment.vet(Harness(source, contract=contract))
    return (source, "") if objection is None else (None, f"The module can't be loaded: {objection}")


def extract(answer: str, limit: int) -> tuple[str | None, str]:
    """The last fenced Python block of an answer, or None and the reason."""
    answer = answer.replace("\r\n", "\n").replace("\r", "\n")  # as Python reads a file
    blocks = list(BLOCK.finditer(answer))
    if OPENING.search(answer, blocks[-1].end() if blocks else 0):
        return None, "The code block is never closed: the answer was cut off."
    if blocks:
        code = str(blocks[-1][1])
        return (code, "") if len(code) <= limit else (None, f"The code is longer than {limit} characters.")
    try:
        if len(answer) <= limit and any(isinstance(node, ast.FunctionDef) for node in ast.parse(answer).body):
            return answer, ""
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass  # prose: said in the sentence below
    return None, "There is no fenced block that starts with ```python."


def signatures(contract: Contract) -> str:
    """The contract's functions as a Python block."""
    lines = []
    for signature in (one for one in contract.functions if one.required):
        kind = "str" if contract.name == "text-action" else "dict"
        parameters = ", ".join(f"{name}: {kind}" for name in signature.parameters)
        lines.append(f"def {signature.name}({parameters}) -> {KINDS[signature.result]}: ...")
    return "```python\n" + "\n".join(lines) + "\n```"
