"""Where an AuthZEN server takes questions, as its metadata says: `GET /.well-known/authzen-configuration`.

Servers need not use the default paths, nor take several questions at once; where they publish metadata, it decides.
Signed metadata is not read: what is used is what the server itself says over a verified connection. Source: OpenID
AuthZEN Authorization API 1.0, Policy Decision Point Metadata.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from functools import partial
from typing import NamedTuple
from urllib.parse import urlsplit

from bridle.errors import PolicyFault
from bridle.runtime.policies.endpoint import Endpoint, Unanswered, under

WELL_KNOWN = "/.well-known/authzen-configuration"


class Endpoints(NamedTuple):
    """The URLs for one question, and for several at once: None where a server does not take several."""

    evaluation: str
    evaluations: str | None


def default(url: str) -> Endpoints:
    """The default paths below a server's base.

    Raises:
        PolicyFault: the base has a query or a fragment.
    """
    return Endpoints(under(url, "/access/v1/evaluation"), under(url, "/access/v1/evaluations"))


def discover(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    seconds: float = 2.0,
    plaintext: bool = False,
    tls: ssl.SSLContext | None = None,
) -> Endpoints:
    """Ask the server which calls itself exactly `url`, tenant's path and all; the rest is as for an `Endpoint`.

    Raises:
        PolicyFault: there is no such metadata, it is another server's, or it can't be used.
    """
    way = partial(Endpoint, headers=headers, seconds=seconds, plaintext=plaintext, tls=tls)
    known = _well_known(way(under(url, "")).url)
    try:
        stated = way(known).get().body
    except Unanswered as error:
        raise PolicyFault(f"The AuthZEN server did not say where it takes questions: {error}.") from None
    if stated.get("policy_decision_point") != url:
        raise PolicyFault(f"The metadata at {known} is not that of {url}; state the server's name as it does itself.")
    one, several = stated.get("access_evaluation_endpoint"), stated.get("access_evaluations_endpoint")
    if not isinstance(one, str) or not (several is None or isinstance(several, str)):
        raise PolicyFault(f"The metadata at {known} does not say where questions are taken.")
    for endpoint in filter(None, (one, several)):
        if url.startswith("https:") and not endpoint.startswith("https:"):
            raise PolicyFault(f"The metadata at {known} leads to {endpoint}, which is not secured as {url} is.")
        way(endpoint)
    return Endpoints(one, several)


def _well_known(url: str) -> str:
    """The well-known path goes between the host and the path of the server's name."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{WELL_KNOWN}{parts.path}"
