"""Values and names as text: in Python source, and in sentences."""

from __future__ import annotations

import json
import re
from typing import Any, TypeAlias

Scalar: TypeAlias = "bool | int | float | str | None"

LONGEST = 40
"""Characters of a text that may enter a rule."""

_PLAIN = re.compile(r"[\w ./:@#+-]*")
_NAME = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)


def tame(text: str) -> bool:
    """Whether a text may enter a rule: short and plain, so that no sentence of anybody's becomes one.

    Double underscores are kept out because the sandbox's static gate refuses such names, wherever they stand.
    """
    return len(text) <= LONGEST and _PLAIN.fullmatch(text) is not None and "__" not in text


def tame_name(name: str) -> bool:
    """Whether a name of an argument or a field may enter a rule."""
    return tame(name) and _NAME.fullmatch(name) is not None


def python(value: Any) -> str:
    """A JSON value, or a tuple of them, as Python text in double quotes."""
    if isinstance(value, tuple):
        inner = ", ".join(python(item) for item in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{python(key)}: {python(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(python(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def said(value: Scalar) -> str:
    """A value in a sentence."""
    if isinstance(value, bool) or value is None:
        return {None: "empty", True: "true", False: "false"}[value]
    return str(value)


def either(values: tuple[Scalar, ...]) -> str:
    """Values in a sentence, with "or" before the last."""
    texts = [said(value) for value in values]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} or {texts[-1]}"
