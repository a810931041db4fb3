"""AuthZEN over HTTP: `POST /access/v1/evaluation`, subject, action, resource and context, answered by a decision;
several at once by `POST /access/v1/evaluations`, answered in the same order. Other paths are told by `discovery`.

A decision is a boolean with status 200; every other status is an error, and says nothing of the request. A permit may
come with a context that binds whoever enforces it (obligations, step-up): what is not understood here is not met, so
such a permit is none. A false decision whose context has an `error` says that the server could not decide, and is no
denial. A server has to answer with the identifier of the request it was asked, where it was given one. Servers ignore
what the protocol has no place for, so a question that holds such a thing is not asked at all. Source: OpenID AuthZEN
Authorization API 1.0, final January 2026.
"""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bridle.authorization import AuthorizationRequest, Decision, Outcome
from bridle.harness import canonical, digest
from bridle.runtime.policies.discovery import Endpoints, default
from bridle.runtime.policies.endpoint import Endpoint, Unanswered, texts, word

UNDERSTOOD = frozenset(("id", "reason", "reasons", "reason_admin", "reason_user"))
"""What the context of a permit may say without binding anybody."""

FAULTS = (ValueError, TypeError, AttributeError, RecursionError, Unanswered)
"""What a request that can't be put, or a server that does not answer, may raise."""

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
        url: str | Endpoints,
        *,
        version: str = "",
        informative: Iterable[str] = (),
        identified: bool = True,
        headers: Mapping[str, str] | None = None,
        seconds: float = 2.0,
        plaintext: bool = False,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`url` is the server's base, or what `discover` found there.

        `informative` names further keys of its contexts that bind nobody. With `identified=False` questions carry no
        identifier, for servers that don't repeat it as they have to. The rest is as for an `Endpoint`.

        Raises:
            PolicyFault: the URL is none, or the way there is not secured.
        """
        one, several = default(url) if isinstance(url, str) else url
        self._endpoint = Endpoint(one, headers=headers, seconds=seconds, plaintext=plaintext, tls=tls)
        self._batches = (
            None
            if several is None
            else Endpoint(several, headers=headers, seconds=seconds, plaintext=plaintext, tls=tls)
        )
        self._identified, own = identified, frozenset(informative) - UNDERSTOOD
        self._understood = UNDERSTOOD | own
        # Another reading of the same answers is another policy: what it permitted is not remembered for this one.
        reading = {"informative": sorted(own)} if own else {}
        self._decided_by = digest({"authzen": self._endpoint.url, "version": version, **reading})
        self.policy_digest = self._decided_by if version else ""

    def evaluate(self, request: AuthorizationRequest) -> Decision:
        """Ask the server; whatever goes wrong is an indeterminate decision."""
        request_digest = ""
        try:
            request_digest = request.digest
            body = self._asked(self._endpoint, canonical(_question(request)), request_digest)
        except FAULTS as error:
            return self._decision(Outcome.INDETERMINATE, request_digest, errors=(str(error),))
        return self._read(body, request_digest)

    def evaluate_all(self, requests: Sequence[AuthorizationRequest]) -> list[Decision]:
        """Ask the server about all of them in one exchange; what concerns the exchange concerns all of them.

        What is no question is not asked; where the server does not take several at once, each is asked alone.
        """
        if self._batches is None:
            return [self.evaluate(request) for request in requests]
        questions: list[tuple[str, dict[str, Any]]] = []
        unasked: dict[int, Decision] = {}
        for place, request in enumerate(requests):
            name = ""
            try:
                name = request.digest
                questions.append((name, _question(request)))
            except FAULTS as error:
                unasked[place] = self._decision(Outcome.INDETERMINATE, name, errors=(str(error),))
        answered = iter(self._all(self._batches, questions))
        return [unasked[place] if place in unasked else next(answered) for place in range(len(requests))]

    def _all(self, batches: Endpoint, questions: Sequence[tuple[str, dict[str, Any]]]) -> list[Decision]:
        """A decision for each of these questions, with the digests of their requests."""
        if not questions:
            return []
        try:
            everything = {
                "evaluations": [question for _, question in questions],
                "options": {"evaluations_semantic": "execute_all"},
            }
            answers = self._asked(batches, canonical(everything), digest(everything)).get("evaluations")
            if not isinstance(answers, list) or len(answers) != len(questions):
                raise Unanswered("the server did not answer with one decision for each evaluation")
        except FAULTS as error:
            return [self._decision(Outcome.INDETERMINATE, name, errors=(str(error),)) for name, _ in questions]
        return [self._read(answer, name) for answer, (name, _) in zip(answers, questions, strict=True)]

    def _asked(self, endpoint: Endpoint, body: bytes, name: str) -> dict[str, Any]:
        """The server's answer to this asking of the request of this name; Unanswered where it is to another one."""
        if not self._identified:
            return endpoint.post(body).body
        # Digest first, for whoever reads the server's log; then what tells this asking from an earlier one.
        asking = f"{name}-{secrets.token_hex(8)}"
        answered = endpoint.post(body, {"X-Request-ID": asking})
        echo = answered.headers.get("x-request-id")
        if echo is None:
            raise Unanswered("the answer does not say to which request (a server that never does: identified=False)")
        if echo != asking:
            raise Unanswered(f"the answer is to the request {word(echo)}, which is not the one that was asked")
        return answered.body

    def _read(self, answer: Any, request_digest: str) -> Decision:
        if not isinstance(answer, dict):
            return self._decision(Outcome.INDETERMINATE, request_digest, errors=("the decision is no object",))
        decision, context = answer.get("decision"), answer.get("context", {})
        if not isinstance(decision, bool):
            error = f"the decision is {word(decision)}, neither true nor false"
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
            error = f"the permit says {word(', '.join(unknown))}, which nobody here can meet"
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
    """The request in the protocol's form.

    Raises:
        ValueError: it has something that the protocol has no place for, or lacks something that it requires.
    """
    return {
        "subject": _entity("subject", request.subject),
        "action": _shaped("action", dict(request.action), ("name",)),
        "resource": _entity("resource", request.resource),
        "context": dict(request.context),
    }


def _entity(what: str, entity: Mapping[str, Any]) -> dict[str, Any]:
    """Groups and roles, for which the protocol has no place, go with the properties."""
    described = {name: value for name, value in entity.items() if name != "parents"}
    if "parents" in entity:
        properties = entity.get("properties", {})
        if "parents" in properties:
            raise ValueError(f"the {what} has parents twice, of its own and among its properties")
        described["properties"] = {**properties, "parents": entity["parents"]}
    return _shaped(what, described, ("type", "id"))


def _shaped(what: str, described: dict[str, Any], required: tuple[str, ...]) -> dict[str, Any]:
    for name in required:
        if not isinstance(described.get(name), str):
            raise ValueError(f"the {name} of the {what} is a string, not {word(described.get(name))}")
    if not isinstance(described.get("properties", {}), Mapping):
        raise ValueError(f"the properties of the {what} are an object")
    if unknown := described.keys() - {*required, "properties"}:
        raise ValueError(f"AuthZEN has no place for {word(', '.join(sorted(unknown)))} of the {what}: only properties")
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
