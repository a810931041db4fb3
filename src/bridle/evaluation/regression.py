"""Regression cases: what candidates got wrong, as questions that a harness can be asked without its environment.

Three kinds. `check`: the check must say of an action what the environment said. `propose`: in a state in which a
candidate proposed something illegal, none of `SEEDS` proposals may be one of the actions known to be illegal there.
`runs`: a function that failed on these arguments must answer. The harness runs in its sandbox, as everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from bridle.errors import HarnessFault
from bridle.harness import Call, Harness, Limits, Loaded, Reply, Sandbox
from bridle.runtime.verdict import Verdict, review_verdict, rules_of

SEEDS = 16
"""Proposals that are asked for in one state."""

About: TypeAlias = Literal["check", "propose", "runs"]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One question. `node` is the first that failed on it, `kind` how, `said` the environment's sentence.

    `action` is what is judged (`check`) or was known to be illegal (`propose`, a list); `legal` is the truth of a
    `check`. `function` is what is called. `open` marks a case on which the exported harness itself fails.
    """

    name: str
    about: About
    function: str
    kind: str
    node: int
    view: Any
    action: Any = None
    legal: bool | None = None
    said: str = ""
    open: bool = False

    def __str__(self) -> str:
        return self.name

    def record(self) -> dict[str, Any]:
        """As a JSON object; `Case(**record)` reads it back."""
        return asdict(self)


def answered(harness: Harness, cases: Sequence[Case], sandbox: Sandbox, limits: Limits) -> list[str]:
    """For each case why the harness fails on it, or an empty text; a harness that can't be loaded fails on all."""
    try:
        loaded = sandbox.load(harness, limits)
    except HarnessFault as fault:
        return [f"The harness can't be loaded: {fault}"] * len(cases)
    try:
        return [fails(harness, loaded, case) for case in cases]
    finally:
        loaded.close()


def fails(harness: Harness, loaded: Loaded, case: Case) -> str:
    """Why a loaded harness fails on a case, or an empty text."""
    if case.about == "propose":
        replies = loaded.batch([Call(case.function, (case.view,), seed=seed) for seed in range(SEEDS)])
        return next(filter(None, (_proposed(reply, case) for reply in replies)), "")
    values = (case.view,) if case.function.startswith("propose") else (case.view, case.action)
    (reply,) = loaded.batch([Call(case.function, values)])
    if reply.failure is not None:
        return f"{case.function} failed: {reply.failure}"
    if harness.contract.name == "tool-call" and case.function == "review_call":
        verdict = review_verdict(reply.value, rules_of(harness))
        if not isinstance(verdict, Verdict):
            return f"review_call answered nonsense: {verdict.message}"
        accepted = verdict.word in ("accept", "rewrite")
    else:
        accepted = bool(reply.value)
    if case.about == "runs" or accepted is case.legal:
        return ""
    verb = "accepted" if accepted else "refused"
    truth = "is legal" if case.legal else f"is illegal: {case.said}"
    return f"{case.function} {verb} {case.action!r}, which {truth}"


def _proposed(reply: Reply, case: Case) -> str:
    if reply.failure is not None:
        return f"{case.function} failed: {reply.failure}"
    if reply.value in (case.action or ()):
        return f"{case.function} proposed {reply.value!r}, which is illegal there: {case.said}"
    return ""
