"""Cedar, embedded. The schema is mandatory, all is parsed once, and each request brings a small slice of entities.

A Cedar `forbid` that errors (on an attribute that is missing) is skipped and the answer is *Allow*, with the error in
the diagnostics only. So a permit here is an Allow without errors, over entities and a context validated by the schema.

Source: cedarpy 4.12 (Cedar's own evaluator in Rust); Cedar has no floating-point numbers: money is integer cents.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bridle.authorization import AuthorizationRequest, Decision, Outcome
from bridle.errors import MissingExtra, PolicyFault
from bridle.harness import canonical, digest

SUBJECTS_KEPT = 512
"""How many subjects are kept parsed. Of resources only the last is: many that lie about cost more than they save."""

NO_MATCH = "no matching permit"
"""The reason of a default deny, for which Cedar itself gives none."""


class CedarEngine:
    """Decides by Cedar policies. Safe to use from several threads: what it holds is immutable."""

    blocks = False
    """It decides in this process, in microseconds: an asynchronous guard asks it in place."""

    def __init__(self, policies: str, schema: str, *, entities: Sequence[Mapping[str, Any]] = ()) -> None:
        """Parse and validate all.

        `policies` is Cedar text, `schema` Cedar or JSON schema text, `entities` (Cedar's JSON form) those that hold for
        every request, such as a directory of roles; a request's own entities are added to them.

        Raises:
            MissingExtra: cedarpy is not installed.
            PolicyFault: a text does not parse, the policies are not valid under the schema, or an entity is not.
        """
        try:
            import cedarpy
        except ImportError:
            raise MissingExtra("The Cedar policy engine", "enterprise") from None
        self._decide = cedarpy.is_authorized
        json_schema = schema.lstrip().startswith("{")
        parse = cedarpy.Schema.from_json_str if json_schema else cedarpy.Schema.from_str
        self._schema = _parsed("schema", schema, parse)
        self._policies = _parsed("policies", policies, cedarpy.PolicySet.from_str)
        checked = cedarpy.validate_policies(policies, self._schema)
        if not checked:
            raise PolicyFault(f"The Cedar policies don't fit their schema: {'; '.join(map(str, checked.errors))}.")
        document = json.dumps(list(entities))
        self._base = _parsed("entities", document, lambda text: cedarpy.Entities.from_json_str(text, self._schema))
        self._known = {(entity["uid"]["type"], entity["uid"]["id"]) for entity in entities}
        self._subjects: dict[bytes, Any] = {}
        self._last: tuple[bytes, bytes, Any] = (b"", b"", None)
        self.policy_digest = digest({"cedar": policies, "schema": schema, "entities": json.loads(document)})

    def evaluate(self, request: AuthorizationRequest) -> Decision:
        """Decide; whatever goes wrong is an indeterminate decision."""
        request_digest = ""
        try:
            request_digest = request.digest
            result = self._decide(_question(request), self._policies, self._entities(request), self._schema)
        except (ValueError, TypeError, KeyError) as error:
            return self._decision(Outcome.INDETERMINATE, request_digest, errors=(f"{type(error).__name__}: {error}",))
        found, answer = result.diagnostics, result.decision.value
        errors = tuple(found.errors)
        ids = found.id_annotations_by_reason
        reasons = tuple([ids.get(reason) or reason for reason in sorted(found.reasons)])
        if answer == "Allow" and not errors:
            return self._decision(Outcome.PERMIT, request_digest, reasons)
        if answer == "Deny" and (reasons or not errors):
            return self._decision(Outcome.DENY, request_digest, reasons or (NO_MATCH,), errors)
        return self._decision(Outcome.INDETERMINATE, request_digest, reasons, errors or ("Cedar gave no decision",))

    def _entities(self, request: AuthorizationRequest) -> Any:
        """The base with what this request brings: its subject, then its resource."""
        subject, resource = request.canonical["subject"], request.canonical["resource"]
        last = self._last
        if last[0] == subject and last[1] == resource:
            return last[2]
        entities = self._subjects.get(subject)
        if entities is None:
            if len(self._subjects) >= SUBJECTS_KEPT:
                self._subjects.clear()
            entities = self._subjects[subject] = self._with(self._base, request.subject)
        if resource != subject:
            entities = self._with(entities, request.resource)
        self._last = (subject, resource, entities)
        return entities

    def _with(self, entities: Any, entity: Mapping[str, Any]) -> Any:
        """`entities` and this one, unless the base holds it and the request says nothing of it."""
        uid = (entity["type"], entity["id"])
        if uid in self._known and "properties" not in entity and "parents" not in entity:
            return entities
        attributes, parents = entity.get("properties", {}), entity.get("parents", [])
        described = {"uid": {"type": uid[0], "id": uid[1]}, "attrs": attributes, "parents": parents}
        return entities.with_added_json_str(canonical([described]).decode(), self._schema)

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


def _question(request: AuthorizationRequest) -> dict[str, Any]:
    """Cedar's form of the request; ids as structures, which need no quoting."""
    return {
        "principal": {"type": request.subject["type"], "id": request.subject["id"]},
        "action": {"type": "Action", "id": request.action["name"]},
        "resource": {"type": request.resource["type"], "id": request.resource["id"]},
        "context": request.canonical["context"].decode(),
    }


def _parsed(what: str, text: str, parse: Callable[[str], Any]) -> Any:
    try:
        return parse(text)
    except ValueError as error:
        raise PolicyFault(f"The Cedar {what} can't be used: {error}.") from None
