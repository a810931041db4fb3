"""Several questions at once, for engines that take them: what an agent may choose from, a table of sealed cases.

A batch decides nothing that single questions would not: it is answered question by question, in order, and what does
not fit its question is no decision.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from bridle.authorization import AuthorizationRequest, Decision, Outcome, PolicyEngine
from bridle.errors import told

MOST = 50
"""Questions in one batch; more are asked in several."""


@runtime_checkable
class Batching(Protocol):
    """An engine that decides several requests in one exchange."""

    def evaluate_all(self, requests: Sequence[AuthorizationRequest]) -> list[Decision]:
        """A decision for each, in order. A fault is an `indeterminate` decision for all that it concerns."""


def decide(engine: PolicyEngine, requests: Sequence[AuthorizationRequest]) -> list[Decision]:
    """A decision for each request, in order, however the engine takes them; nothing raises."""
    if not isinstance(engine, Batching):
        return [_checked(request, *_asked(engine.evaluate, request)) for request in requests]
    found: list[Decision] = []
    for start in range(0, len(requests), MOST):
        batch = requests[start : start + MOST]
        answers, error = _asked(engine.evaluate_all, batch)
        if not error and (not isinstance(answers, list) or len(answers) != len(batch)):
            error = f"{len(batch)} questions were asked, and not as many answered"
        found += [_checked(request, None if error else answers[place], error) for place, request in enumerate(batch)]
    return found


def _asked(ask: Any, what: Any) -> tuple[Any, str]:
    try:
        return ask(what), ""
    except Exception as error:
        return None, f"{type(error).__name__}: {told(error)}"


def _checked(request: AuthorizationRequest, answer: Any, error: str) -> Decision:
    """The answer where it is a decision on this very request."""
    asked = ""
    try:
        asked = request.digest
    except (ValueError, TypeError, AttributeError, RecursionError) as broken:
        error = error or str(broken)
    if not error and not isinstance(answer, Decision):
        error = f"the engine answered {type(answer).__name__}"
    if not error and answer.request_digest != asked:
        error = "the engine decided another request than the one it was asked"
    if not error:
        decided: Decision = answer
        return decided
    return Decision(outcome=Outcome.INDETERMINATE, request_digest=asked, policy_digest="", errors=(error,))
