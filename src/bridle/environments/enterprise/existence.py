"""Whether what a call names is there and was shown: the first that every workflow's system looks at."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Any

from bridle.environment import Truth

MISSING = r"^(\w+): there is no (\S+)\.$"
UNSHOWN = r"^(\S+) was not shown in this session; call (\w+) first\.$"
"""The sentences, as a vendor who words them anew finds them."""


def unfounded(
    arguments: Mapping[str, Any], named: Iterable[tuple[str, Container[str], str]], known: Container[str]
) -> Truth | None:
    """What is wrong with the first argument that names something missing or not shown; None where all is well.

    `named` has each argument that names something, what there is of it, and the tool that shows it: empty where it need
    not have been shown. `known` holds what this session was shown.
    """
    for argument, things, reader in named:
        if argument not in arguments:
            continue
        identity = arguments[argument]
        if identity not in things:
            return Truth(False, f"{argument}: there is no {identity}.", "not_found")
        if reader and identity not in known:
            sentence = f"{identity} was not shown in this session; call {reader} first."
            return Truth(False, sentence, "missing_precondition")
    return None
