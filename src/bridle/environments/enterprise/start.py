"""What every seeded start of a workflow has, whatever the workflow is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class CaseStart:
    """The task in words, who works on it (AuthZEN's shape), and the turns it takes; a workflow adds its things."""

    task: str
    subject: Mapping[str, Any]
    turns: int
