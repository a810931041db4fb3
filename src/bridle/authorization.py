"""Authorisation: the organisation's decision on a final call. Never made, and never learned, by a harness.

The shapes are AuthZEN 1.0's (subject, action, resource, context; a decision with reasons). Source: OpenID AuthZEN
Authorization API 1.0, final January 2026.
"""

from __future__ import annotations

import hashlib
import marshal
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple, Protocol, runtime_checkable

from bridle.harness import canonical_members, canonical_object, canonical_text

_NO_REFERENCES = 2
"""The version of `marshal` by which equal values of the same types have the same bytes, whoever else refers to them."""


class Outcome(StrEnum):
    """What a policy engine answers. Only `PERMIT` without errors executes."""

    PERMIT = "permit"
    DENY = "deny"
    INDETERMINATE = "indeterminate"


class Written(NamedTuple):
    """A request's parts in canonical JSON. An engine that sends these pieces decides on what was digested.

    `members` are those of the resource, by name: resources differ from call to call, so engines that want them in
    another shape need not write them anew.
    """

    action: str
    context: str
    resource: str
    subject: str
    members: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class AuthorizationRequest:
    """May this subject take this action on this resource, in this context? JSON values only."""

    subject: Mapping[str, Any]
    action: Mapping[str, Any]
    resource: Mapping[str, Any]
    context: Mapping[str, Any] = field(default_factory=dict)

    def __init__(
        self,
        *,
        subject: Mapping[str, Any],
        action: Mapping[str, Any],
        resource: Mapping[str, Any],
        context: Mapping[str, Any] | None = None,
    ) -> None:
        """As the dataclass's own, which sets a frozen one field by field through `object`, in twice the time."""
        fields = self.__dict__
        fields["subject"], fields["action"], fields["resource"] = subject, action, resource
        fields["context"] = {} if context is None else context

    @property
    def written(self) -> Written:
        """The request's parts in canonical JSON, each written once: for the digest, and for the engine.

        Raises:
            ValueError: a part is not JSON.
        """
        # Kept by hand, as the digest is: until Python 3.12 `cached_property` takes a lock each time.
        kept: Written | None = self.__dict__.get("_written")
        if kept is None:
            members = canonical_members(_object(self.resource))
            kept = self.__dict__["_written"] = Written(
                canonical_text(_object(self.action)),
                canonical_text(_object(self.context)),
                canonical_object(members),
                _remembered_text(_object(self.subject)),
                members,
            )
        return kept

    @property
    def canonical(self) -> bytes:
        """The request's canonical JSON (RFC 8785).

        Raises:
            ValueError: a part is not JSON.
        """
        action, context, resource, subject, _ = self.written
        return f'{{"action":{action},"context":{context},"resource":{resource},"subject":{subject}}}'.encode()

    @property
    def digest(self) -> str:
        """SHA-256 of the request's canonical JSON, in hex."""
        kept: str | None = self.__dict__.get("_digest")
        if kept is None:
            kept = self.__dict__["_digest"] = hashlib.sha256(self.canonical).hexdigest()
        return kept


def _remembered_text(subject: dict[str, Any]) -> str:
    """The subject's canonical JSON. A session asks for one subject again and again: its text is remembered.

    By its bytes in Python's own serialisation, which is quicker than writing JSON and tells apart all that JSON does
    (1, 1.0 and true are equal to Python); so whatever is changed in a subject is another one.
    """
    try:
        return _text_of(marshal.dumps(subject, _NO_REFERENCES))
    except ValueError:
        return canonical_text(subject)


@lru_cache(maxsize=512)
def _text_of(serialised: bytes) -> str:
    return canonical_text(marshal.loads(serialised))


def _object(part: Mapping[str, Any]) -> dict[str, Any]:
    return part if type(part) is dict else dict(part)


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A policy engine's answer, with what a risk person asks for.

    `reasons` are the ids (or sentences) of the policies that decided; a default deny says `no matching permit`.
    `errors` are evaluation errors: a decision that has any is never a permit. `request_digest` is the digest of the
    request that was decided; what executes must have the same.
    """

    outcome: Outcome
    request_digest: str
    policy_digest: str
    reasons: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()

    def __init__(
        self,
        *,
        outcome: Outcome,
        request_digest: str,
        policy_digest: str,
        reasons: tuple[str, ...] = (),
        errors: tuple[str, ...] = (),
    ) -> None:
        """As the dataclass's own; see `AuthorizationRequest`."""
        fields = self.__dict__
        fields["outcome"], fields["request_digest"], fields["policy_digest"] = outcome, request_digest, policy_digest
        fields["reasons"], fields["errors"] = reasons, errors

    @property
    def permits(self) -> bool:
        """True only for a permit without errors."""
        return self.outcome is Outcome.PERMIT and not self.errors


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the control plane knows and no agent can say. JSON values only.

    `subject` is who asks, as AuthZEN has it: `type`, `id`, `properties`; `parents`, a list of `{type, id}`, are its
    groups and roles. `resource` is what the control plane holds about the resource in question, in the same shape; its
    `properties` are those that the policy may read. `context` is the declared context: what, when it changes, makes a
    denied call worth deciding anew. `version` is the resource's, None where it has none.
    """

    subject: Mapping[str, Any]
    resource: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    version: str | int | None = None


@runtime_checkable
class Informing(Protocol):
    """Where an authorisation's facts come from: the control plane, never the agent's view."""

    def facts(self, resource_type: str, resource_id: str) -> Facts:
        """The facts as they are now.

        For a resource that is not known, `resource` is empty: whether that can be decided is the engine's matter.
        """


class PolicyEngine(Protocol):
    """The organisation's authorisation."""

    def evaluate(self, request: AuthorizationRequest) -> Decision:
        """Decide. A fault of the engine is an `indeterminate` decision with its errors, never an exception."""
