"""Open Policy Agent over HTTP: `POST /v1/data/<path>` with the question as `input`.

OPA answers an undefined document, such as that of a wrong path or of a rule without a default, with 200 and no
`result`: that is no decision. Errors of built-in functions are asked to be errors (`strict-builtin-errors`), since they
otherwise make a `deny` rule silently undefined. Where OPA warns of how it was asked, it warns that the input did not
reach it: what it then decided is not what was asked. Source: OPA's REST API, Data API and provenance.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from bridle.authorization import AuthorizationRequest, Decision, Outcome
from bridle.errors import PolicyFault
from bridle.harness import digest
from bridle.runtime.policies.endpoint import Endpoint, Unanswered, texts, under, word

UNDERSTOOD = frozenset(("allow", "reasons", "errors"))
"""What a result that is an object may say. Anything else may be a condition or an obligation that nobody here meets."""


class OpaEngine:
    """Decides by a document of an OPA server: true or false, or `{"allow": bool, "reasons": [...], "errors": [...]}`.

    The policy's digest is over the revisions of the server's bundles and `version`, the organisation's own name for
    what is in force; without bundles only `version` tells one policy from another.
    """

    def __init__(
        self,
        url: str,
        path: str,
        *,
        version: str = "",
        headers: Mapping[str, str] | None = None,
        seconds: float = 2.0,
        plaintext: bool = False,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`url` is the server's (`https://opa.internal:8181`), `path` the document's (`office/allow`).

        The rest is as for an `Endpoint`.

        Raises:
            PolicyFault: the URL or the path is none, or the way there is not secured.
        """
        names = path.strip("/").split("/")
        if not all(names) or {".", ".."} & set(names):
            raise PolicyFault(f"{path!r} is no path of an OPA document; use one such as office/allow.")
        document = "/".join(quote(name, safe="") for name in names)
        query = "provenance=true&strict-builtin-errors=true"
        self._endpoint = Endpoint(
            under(url, f"/v1/data/{document}?{query}"), headers=headers, seconds=seconds, plaintext=plaintext, tls=tls
        )
        self._path, self._version = path.strip("/"), version

    def evaluate(self, request: AuthorizationRequest) -> Decision:
        """Ask the server; whatever goes wrong is an indeterminate decision."""
        request_digest = ""
        try:
            request_digest = request.digest
            answer = self._endpoint.post(b'{"input":%b}' % request.canonical).body
        except (ValueError, TypeError, AttributeError, RecursionError, Unanswered) as error:
            return self._decision(Outcome.INDETERMINATE, request_digest, {}, errors=(str(error),))
        if answer.get("warning") is not None:
            warned = f"the server warns: {word(answer['warning'])}"
            return self._decision(Outcome.INDETERMINATE, request_digest, answer, errors=(warned,))
        if "result" not in answer:
            undefined = f"the document {self._path} is undefined"
            return self._decision(Outcome.INDETERMINATE, request_digest, answer, errors=(undefined,))
        return self._read(answer["result"], request_digest, answer)

    def _read(self, result: Any, request_digest: str, answer: Mapping[str, Any]) -> Decision:
        stated: Mapping[str, Any] = result if isinstance(result, dict) else {"allow": result}
        allow, reasons = stated.get("allow"), texts(stated.get("reasons"))
        errors = list(texts(stated.get("errors")))
        if stated.get("errors") and not errors:
            errors.append("the policy states errors")
        if not isinstance(allow, bool):
            return self._decision(
                Outcome.INDETERMINATE,
                request_digest,
                answer,
                reasons,
                (f"{word(allow)} is neither true nor false", *errors),
            )
        reasons = reasons or (f"{self._path} is {'true' if allow else 'false'}",)
        if not allow:
            # A denial is for good; one by a policy that could not look everything up is none.
            outcome = Outcome.INDETERMINATE if errors else Outcome.DENY
            return self._decision(outcome, request_digest, answer, reasons, tuple(errors))
        if unknown := sorted(name for name in stated if name not in UNDERSTOOD):
            errors.append(f"the permit says {word(', '.join(unknown))}, which nobody here can meet")
        outcome = Outcome.INDETERMINATE if errors else Outcome.PERMIT
        return self._decision(outcome, request_digest, answer, reasons, tuple(errors))

    def _decision(
        self,
        outcome: Outcome,
        request_digest: str,
        answer: Mapping[str, Any],
        reasons: tuple[str, ...] = (),
        errors: tuple[str, ...] = (),
    ) -> Decision:
        return Decision(
            outcome=outcome,
            request_digest=request_digest,
            policy_digest=digest({"opa": self._path, "version": self._version, "revisions": _revisions(answer)}),
            reasons=reasons,
            errors=errors,
        )


def _revisions(answer: Mapping[str, Any]) -> dict[str, str]:
    """The revision of each bundle that the server decided by, as it says; "" for the one bundle of an old server."""
    provenance = answer.get("provenance")
    if not isinstance(provenance, dict):
        return {}
    bundles = provenance.get("bundles")
    found = {"": str(provenance["revision"])} if "revision" in provenance else {}
    if isinstance(bundles, dict):
        found |= {name: str(bundle.get("revision", "")) for name, bundle in bundles.items() if isinstance(bundle, dict)}
    return found
