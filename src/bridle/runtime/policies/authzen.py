"""AuthZEN over HTTP: `POST /access/v1/evaluation`, subject, action, resource and context, answered by a decision;
several at once by `POST /access/v1/evaluations`, answered in the same order.

A decision is a boolean with status 200; every other status is an error, and says nothing of the request. A permit may
come with a context that binds whoever enforces it (obligations, step-up): what is not understood here is not met, so
such a permit is none. A false decision whose context has an `error` says that the server could not decide, and is no
denial. A server has to answer with the identifier of the request it was asked. Source: OpenID AuthZEN
Authorization API 1.0, final January 2026.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bridle.authorization import AuthorizationRequest, Decision, Outcome
from bridle.harness import canonical, digest
from bridle.runtime.policies.endpoint import Endpoint, Unanswered, texts

UNDERSTOOD = frozenset(("id", "reason", "reasons", "reason_admin", "reason_user"))
"""What the context of a permit may say without binding anybody."""

LONGEST_ERROR = 300
"""Characters of a server's own error that are kept."""


class AuthzenEngine:
    """Decides by an AuthZEN policy decision point.

    The protocol has no name for the policy in force: `version` is the organisation's, and a new one is a new policy.
    Without one the engine has no digest of its own beforehand (`policy_digest` is empty), so nothing it decides is
    remembered: nobody could tell that the policy has changed.
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
        base = url.rstrip("/")
        self._endpoint, self._batches = (
            Endpoint(f"{base}/access/v1/{what}", headers=headers, seconds=seconds, plaintext=plaintext)
            for what in ("evaluation", "evaluations")
        )
        self._understood = UNDERSTOOD.union(informative)
        self._decided_by = digest({"authzen": self._endpoint.url, "version": version})
        self.policy_digest = self._decided_by if version else ""

    def evaluate(self, request: AuthorizationRequest) -> Decision:
        """Ask the server; whatever goes wrong is an indeterminate decision."""
        request_digest = ""
        try:
            request_digest = request.digest
            body = self._asked(self._endpoint, canonical(_question(request)), request_digest)
        except (ValueError, TypeError, AttributeError, Unanswered) as error:
            return self._decision(Outcome.INDETERMINATE, request_digest, errors=(str(error),))
        return self._read(body, request_digest)

    def evaluate_all(self, requests: Sequence[AuthorizationRequest]) -> list[Decision]:
        """Ask the server about all of them in one exchange; what concerns the exchange concerns all of them."""
        digests = [""] * len(requests)
        try:
            digests = [request.digest for request in requests]
            questions = [_question(request) for request in requests]
            everything = {"evaluations": questions, "options": {"evaluations_semantic": "execute_all"}}
            answers = self._asked(self._batches, canonical(everything), digest(everything)).get("evaluations")
            if not isinstance(answers, list) or len(answers) != len(requests):
                raise Unanswered(f"{self._batches.url}: not one decision for each evaluation")
        except (ValueError, TypeError, AttributeError, Unanswered) as error:
            return [self._decision(Outcome.INDETERMINATE, one, errors=(str(error),)) for one in digests]
        return [self._read(answer, one) for answer, one in zip(answers, digests, strict=True)]

    def _asked(self, endpoint: Endpoint, body: bytes, name: str) -> dict[str, Any]:
        """The server's answer to the request of this name; Unanswered where it is to another one."""
        answered = endpoint.post(body, {"X-Request-ID": name})
        echo = answered.headers.get("x-request-id")
        if echo != name:
            raise Unanswered(f"the answer is to the request {echo!r}, which is not the one that was asked")
        return answered.body

    def _read(self, answer: Any, request_digest: str) -> Decision:
        if not isinstance(answer, dict):
            return self._decision(Outcome.INDETERMINATE, request_digest, errors=("the decision is no object",))
        decision, context = answer.get("decision"), answer.get("context", {})
        if not isinstance(decision, bool):
            error = f"the decision is {decision!r}, neither true nor false"
            return self._decision(Outcome.INDETERMINATE, request_digest, errors=(error,))
        if not isinstance(context, dict):
            error = "the decision's context is no object"
            return self._decision(Outcome.INDETERMINATE, request_digest, errors=(error,))
        reasons = _reasons(context)
        if context.get("error") is not None:
            error = f"the server could not decide: {str(context['error'])[:LONGEST_ERROR]}"
            return self._decision(Outcome.INDETERMINATE, request_digest, reasons, (error,))
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
            policy_digest=self._decided_by,
            reasons=reasons,
            errors=errors,
        )


def _question(request: AuthorizationRequest) -> dict[str, Any]:
    """The request in the protocol's form: groups and roles, for which it has no place, go with the properties."""
    return {
        "subject": _entity(request.subject),
        "action": dict(request.action),
        "resource": _entity(request.resource),
        "context": dict(request.context),
    }


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
