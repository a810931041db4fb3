"""The argument schemas of tools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def closed(required: Mapping[str, Any], optional: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """An object with these properties and no others, each with its schema."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }
