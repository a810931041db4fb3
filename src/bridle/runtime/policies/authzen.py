"""AuthZEN over HTTP: `POST /access/v1/evaluation`, subject, action, resource and context, answered by a decision.

A decision is a boolean with status 200; every other status is an error, and says nothing of the request. A permit may
come with a context that binds whoever enforces it (obligations, step-up): what is not understood here is not met, so
such a permit is none. A server has to answer with the identifier of the request it was asked. Source: OpenID AuthZEN
Authorization API 1.0, final January 2026.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bridle.authorization import AuthorizationRequest, Decision, Outcome
from bridle.harness import canonical, digest
from bridle.runtime.policies.endpoint import Answered, Endpoint, Unanswered, texts

UNDERSTOOD = frozenset(("id", "reason", "reasons", "reason_admin", "reason_user"))
"""What the context of a permit may say without binding anybody."""


class AuthzenEngine:
    """Decides by an AuthZEN policy decision point.

    The protocol has no name for the policy in force: `version` is the organisation's, and a new one is a new policy.
    """

    def __init__(
        self,
        url: str,
        *,
        version: str = "",
        informative: Iterable[str] = (),
        headers: Mapping[str, str] | None = None,
        seconds: float = 2.0,
        plaintext: bool = False,
    ) -> None:
        """`url` is the server's base; `informative` names further keys of its contexts that bind nobody.

        Raises:
            PolicyFault: the URL is none, or the way there is not secured.
        """
        self._endpoint = Endpoint(
            f"{url.rstrip('/')}/access/v1/evaluation", headers=headers, seconds=seconds, plaintext=plaintext
        )
        self._understood = UNDERSTOOD.union(informative)
        self.policy_digest = digest({"authzen": self._endpoint.url, "version": version})

    def evaluate(self, request: AuthorizationRequest) -> Decision:
        """Ask the server; whatever goes wrong is an indeterminate decision."""
        request_digest = ""
        try:
            request_digest = request.digest
            answered = self._endpoint.post(_question(request), {"X-Request-ID": request_digest})
        except (ValueError, TypeError, AttributeError, Unanswered) as error:
            return self._decision(Outcome.INDETERMINATE, request_digest, errors=(str(error),))
        return self._read(answered, request_digest)

    def _read(self, answered: Answered, request_digest: str) -> Decision:
        decision, context = answered.body.get("decision"), answered.body.get("context", {})
        echo = answered.headers.get("x-request-id")
        if echo != request_digest:
            error = f"the answer is to the request {echo!r}, which is not the one that was asked"
            return self._decision(Outcome.INDETERMINATE, request_digest, errors=(error,))
        if not isinstance(decision, bool):
            error = f"the decision is {decision!r}, neither true nor false"
            return self._decision(Outcome.INDETERMINATE, request_digest, errors=(error,))
        if not isinstance(context, dict):
            error = "the decision's context is no object"
            return self._decision(Outcome.INDETERMINATE, request_digest, errors=(error,))
        reasons = _reasons(context)
        if not decision:
            return self._decision(Outcome.DENY, request_digest, reasons or ("denied without a reason",))
        if unknown := sorted(context.keys() - self._understood):
            error = f"the permit says {', '.join(unknown)}, which nobody here can meet"
            return self._decision(Outcome.INDETERMINATE, request_digest, reasons, (error,))
        return self._decision(Outcome.PERMIT, request_digest, reasons)

    def _decision(
        self, outcome: Outcome, request_digest: str, reasons: tuple[str, ...] = (), errors: tuple[str, ...] = ()
    ) -> Decision:
        return Decision(
            outcome=outcome,
            request_digest=request_digest,
            policy_digest=self.policy_digest,
            reasons=reasons,
            errors=errors,
        )


def _question(request: AuthorizationRequest) -> bytes:
    """The request in the protocol's form: groups and roles, for which it has no place, go with the properties."""
    return canonical(
        {
            "subject": _entity(request.subject),
            "action": dict(request.action),
            "resource": _entity(request.resource),
            "context": dict(request.context),
        }
    )


def _entity(entity: Mapping[str, Any]) -> dict[str, Any]:
    described = {name: value for name, value in entity.items() if name != "parents"}
    if "parents" in entity:
        described["properties"] = {**entity.get("properties", {}), "parents": entity["parents"]}
    return described


def _reasons(context: Mapping[str, Any]) -> tuple[str, ...]:
    """The reasons that may be shared, those for the user and ids: an agent must not see those for administrators."""
    stated = context.get("reasons", [])
    reasons: list[str] = list(texts(context.get("reason")))
    for reason in [context, *(stated if isinstance(stated, list) else [])]:
        if isinstance(reason, str):
            reasons.append(reason)
        elif isinstance(reason, dict):
            shared = reason.get("reason_user")
            words = texts(list(shared.values())) if isinstance(shared, dict) else texts(shared)
            reasons += words or texts(reason.get("id"))
    return tuple(reasons)
