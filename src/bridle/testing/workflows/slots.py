"""Arguments of tools, drawn with a form of their own."""

from __future__ import annotations

import random
from typing import Any

from bridle.testing.workflows.blueprint import Slot, Thing
from bridle.testing.workflows.words import Words


def named_slot(kind: Thing) -> Slot:
    """The argument that names a thing of a kind; all tools call it the same."""
    return Slot(name=kind.name, sort="id", form={"type": "string", "pattern": kind.ids.pattern}, about=kind.name)


def draw_slot(rng: random.Random, words: Words, sort: Any, *, required: bool = True) -> Slot:
    """An argument of a sort, with a form of its own."""
    forms: dict[str, dict[str, Any]] = {
        "text": {"type": "string"},
        "option": {"type": "string", "enum": [words.word() for _ in range(4)]},
        "whole": {"type": "integer", "minimum": 5, "maximum": 300},
        "number": {"type": "number", "minimum": 5, "maximum": 300},
        "date": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
        "flag": {"type": "boolean"},
    }
    return Slot(name=words.name(), sort=sort, form=forms[sort], required=required)
