"""Cedar, embedded. The schema is mandatory, all is parsed once, and each request brings a small slice of entities.

A Cedar `forbid` that errors (on an attribute that is missing) is skipped and the answer is *Allow*, with the error in
the diagnostics only. So a permit here is an Allow without errors, over entities and a context validated by the schema.

Source: cedarpy 4.12 (Cedar's own evaluator in Rust); Cedar has no floating-point numbers: money is integer cents.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bridle.authorization import AuthorizationRequest, Decision, Outcome, Written
from bridle.errors import MissingExtra, PolicyFault
from bridle.harness import canonical_members, canonical_object, canonical_text, digest

SUBJECTS_KEPT = 512
"""How many subjects are kept parsed. Of resources only the last is: many that lie about cost more than they save."""

NO_MATCH = "no matching permit"
"""The reason of a default deny, for which Cedar itself gives none."""


class CedarEngine:
    """Decides by Cedar policies. Safe to use from several threads: what it keeps is never changed, only replaced."""

    blocks = False
    """It decides in this process, in microseconds: an asynchronous guard asks it in place."""

    def __init__(
        self, policies: str, schema: str, *, entities: Sequence[Mapping[str, Any]] = (), namespace: str = ""
    ) -> None:
        """Parse and validate all.

        `policies` is Cedar text, `schema` Cedar or JSON schema text, `entities` (Cedar's JSON form) those that hold for
        every request, such as a directory of roles; a request's own entities are added to them. `namespace` is the one
        in which the schema declares its actions; types of entities are named in full wherever they are named.

        Raises:
            MissingExtra: cedarpy is not installed.
            PolicyFault: a text does not parse, the policies are not valid under the schema, or an entity is not; or a
                policy is a template, which decides nothing as long as nobody links it.
        """
        try:
            import cedarpy
        except ImportError:
            raise MissingExtra("The Cedar policy engine", "enterprise") from None
        self._decide = cedarpy.is_authorized_batch
        self._allow, self._deny = cedarpy.Decision.Allow, cedarpy.Decision.Deny
        json_schema = schema.lstrip().startswith("{")
        parse = cedarpy.Schema.from_json_str if json_schema else cedarpy.Schema.from_str
        self._schema = _parsed("schema", schema, parse)
        self._policies = _parsed("policies", policies, cedarpy.PolicySet.from_str)
        if self._policies.templates():
            raise PolicyFault(
                "A Cedar policy is a template (?principal, ?resource), and nothing links it: write it out."
            )
        checked = cedarpy.validate_policies(policies, self._schema)
        if not checked:
            raise PolicyFault(f"The Cedar policies don't fit their schema: {'; '.join(map(str, checked.errors))}.")
        try:
            document = json.dumps(list(entities))
        except (TypeError, ValueError) as error:
            raise PolicyFault(f"The Cedar entities can't be used: {error}.") from None
        self._base = _parsed("entities", document, lambda text: cedarpy.Entities.from_json_str(text, self._schema))
        uids = [entity["uid"].get("__entity", entity["uid"]) for entity in entities]
        self._known = {(canonical_text(uid["type"]), canonical_text(uid["id"])) for uid in uids}
        self._action = f"{namespace}::Action" if namespace else "Action"
        self._subjects: dict[str, Any] = {}
        self._last: tuple[str, str, Any] = ("", "", None)
        spoken = {"namespace": namespace} if namespace else {}
        self.policy_digest = digest({"cedar": policies, "schema": schema, "entities": json.loads(document), **spoken})

    def evaluate(self, request: AuthorizationRequest) -> Decision:
        """Decide; whatever goes wrong is an indeterminate decision."""
        request_digest = ""
        try:
            request_digest, written = request.digest, request.written
            if len(request.action) != 1:
                raise ValueError("an action is a name here and nothing else: what it is done with is the context")
            question = {
                # Ids as structures, which need no quoting.
                "principal": {"type": request.subject["type"], "id": request.subject["id"]},
                "action": {"type": self._action, "id": request.action["name"]},
                "resource": {"type": request.resource["type"], "id": request.resource["id"]},
                "context": written.context,
            }
            result = self._decide([question], self._policies, self._entities(request, written), self._schema)[0]
            found, answer = result.diagnostics, result.decision
        except (ValueError, TypeError, LookupError, RecursionError) as error:
            return self._decision(Outcome.INDETERMINATE, request_digest, errors=(f"{type(error).__name__}: {error}",))
        errors = tuple(found.errors)
        ids = found.id_annotations_by_reason
        reasons = tuple([ids.get(reason) or reason for reason in sorted(found.reasons)])
        if answer is self._allow and not errors:
            return self._decision(Outcome.PERMIT, request_digest, reasons)
        if answer is self._deny and (reasons or not errors):
            return self._decision(Outcome.DENY, request_digest, reasons or (NO_MATCH,), errors)
        return self._decision(Outcome.INDETERMINATE, request_digest, reasons, errors or ("Cedar gave no decision",))

    def _entities(self, request: AuthorizationRequest, written: Written) -> Any:
        """The base with what this request brings: its subject, then its resource."""
        subject, resource = written.subject, written.resource
        last = self._last
        if last[0] == subject and last[1] == resource:
            return last[2]
        entities = self._subjects.get(subject)
        if entities is None:
            if len(self._subjects) >= SUBJECTS_KEPT:
                self._subjects.clear()
            entities = self._subjects[subject] = self._with(self._base, _members(request.subject, subject))
        if resource != subject:
            entities = self._with(entities, written.members)
        self._last = (subject, resource, entities)
        return entities

    def _with(self, entities: Any, members: Mapping[str, str]) -> Any:
        """`entities` and the one with these members, unless the base holds it and the request says nothing of it."""
        uid = (members["type"], members["id"])
        attributes, parents = members.get("properties"), members.get("parents")
        if len(members) != 2 + (attributes is not None) + (parents is not None):
            # Left out, it would be missing where a prohibition looks for it.
            raise ValueError(f"{uid[0]} has members besides type, id, properties and parents, which no policy can read")
        if attributes is None and parents is None and uid in self._known:
            return entities
        name = f'{{"type":{uid[0]},"id":{uid[1]}}}'
        text = f'[{{"uid":{name},"attrs":{attributes or "{}"},"parents":{parents or "[]"}}}]'
        return entities.with_added_json_str(text, self._schema)

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


def _members(entity: Mapping[str, Any], text: str) -> dict[str, str]:
    """The members of an entity whose canonical JSON is `text`: what is kept under that text has to be just that."""
    members = canonical_members(entity)
    if canonical_object(members) != text:
        raise ValueError("the subject changed while it was decided on")
    return members


def _parsed(what: str, text: str, parse: Callable[[str], Any]) -> Any:
    try:
        return parse(text)
    except ValueError as error:
        raise PolicyFault(f"The Cedar {what} can't be used: {error}.") from None
