"""A Python callable as a policy engine: for tests, a host's own check, and runs without a policy."""

from __future__ import annotations

from collections.abc import Callable

from bridle.authorization import AuthorizationRequest, Decision, Outcome
from bridle.errors import told
from bridle.harness import digest


class FunctionEngine:
    """Decides by a callable: True permits, False denies; anything else, or an exception, is indeterminate."""

    def __init__(self, decide: Callable[[AuthorizationRequest], bool], *, name: str, version: str = "") -> None:
        """`name` and `version` identify the policy: a new version is another policy, and gets another digest."""
        self._decide, self._name = decide, name
        self.policy_digest = digest({"function": name, "version": version})

    def evaluate(self, request: AuthorizationRequest) -> Decision:
        """Ask the callable."""
        request_digest = ""
        try:
            request_digest = request.digest
            answer: object = self._decide(request)
        except Exception as error:
            return self._decision(Outcome.INDETERMINATE, request_digest, f"{type(error).__name__}: {told(error)}")
        if answer is True:
            return self._decision(Outcome.PERMIT, request_digest)
        if answer is False:
            return self._decision(Outcome.DENY, request_digest)
        return self._decision(
            Outcome.INDETERMINATE, request_digest, f"it answered {type(answer).__name__}, not True or False"
        )

    def _decision(self, outcome: Outcome, request_digest: str, error: str = "") -> Decision:
        return Decision(
            outcome=outcome,
            request_digest=request_digest,
            policy_digest=self.policy_digest,
            reasons=() if error else (self._name,),
            errors=(error,) if error else (),
        )


def no_policy() -> FunctionEngine:
    """Permits every call, and says so as its reason: for runs that study a harness without any policy."""
    return FunctionEngine(lambda request: True, name="no policy")
