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
from bridle.harness import digest

NO_MATCH = "no matching permit"
"""The reason of a default deny, for which Cedar itself gives none."""


class CedarEngine:
    """Decides by Cedar policies. Safe to use from several threads: what it holds is immutable."""

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
        self.policy_digest = digest({"cedar": policies, "schema": schema, "entities": json.loads(document)})

    def evaluate(self, request: AuthorizationRequest) -> Decision:
        """Decide; whatever goes wrong is an indeterminate decision."""
        request_digest = ""
        try:
            request_digest = request.digest
            delta = json.dumps(self._slice(request), allow_nan=False)
            entities = self._base.with_added_json_str(delta, self._schema)
            result = self._decide(_question(request), self._policies, entities, self._schema)
        except (ValueError, TypeError, KeyError) as error:
            return self._decision(Outcome.INDETERMINATE, request_digest, errors=(f"{type(error).__name__}: {error}",))
        found = result.diagnostics
        errors = tuple(found.errors)
        ids = found.id_annotations_by_reason
        reasons = tuple(ids.get(reason) or reason for reason in sorted(found.reasons))
        if result.allowed and not errors:
            return self._decision(Outcome.PERMIT, request_digest, reasons)
        if result.decision.value == "Deny" and (reasons or not errors):
            return self._decision(Outcome.DENY, request_digest, reasons or (NO_MATCH,), errors)
        return self._decision(Outcome.INDETERMINATE, request_digest, reasons, errors or ("Cedar gave no decision",))

    def _slice(self, request: AuthorizationRequest) -> list[dict[str, Any]]:
        """The entities that this request brings, but for those that the base holds and it says nothing of."""
        brought: list[dict[str, Any]] = []
        for entity in (request.subject, request.resource):
            uid = (entity["type"], entity["id"])
            if uid in self._known and "properties" not in entity and "parents" not in entity:
                continue
            described = {
                "uid": {"type": uid[0], "id": uid[1]},
                "attrs": dict(entity.get("properties", {})),
                "parents": list(entity.get("parents", ())),
            }
            if described not in brought:
                brought.append(described)
        return brought

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
        "context": dict(request.context),
    }


def _parsed(what: str, text: str, parse: Callable[[str], Any]) -> Any:
    try:
        return parse(text)
    except ValueError as error:
        raise PolicyFault(f"The Cedar {what} can't be used: {error}.") from None
