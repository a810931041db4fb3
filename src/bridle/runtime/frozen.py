"""The object that is digested is the object that is executed.

A call is turned into canonical JSON (RFC 8785) once; its digest is over those bytes, and what goes on from there is
read back from the same bytes, so nobody who holds the original can change it afterwards.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, NamedTuple

from bridle.harness import Action, canonical

_DECODE = json.JSONDecoder().decode


class FrozenCall(NamedTuple):
    """A call, its own copy, with the digest of its canonical JSON."""

    call: dict[str, Any]
    digest: str

    @property
    def tool(self) -> str:
        """The tool's name; empty where there is none."""
        name = self.call.get("tool")
        return name if isinstance(name, str) else ""

    @property
    def arguments(self) -> Any:
        """The arguments, whatever they are."""
        return self.call.get("arguments")


def freeze(action: Action) -> FrozenCall | str:
    """The frozen call, or a sentence on why it is none: not an object, or not canonical JSON."""
    if not isinstance(action, dict):
        return f"A call is an object with tool and arguments, not {type(action).__name__}."
    try:
        text = canonical(action)
        return FrozenCall(_DECODE(text.decode()), hashlib.sha256(text).hexdigest())
    except (ValueError, TypeError, RecursionError) as error:
        return f"The call is not JSON that can be passed on exactly: {error}."
