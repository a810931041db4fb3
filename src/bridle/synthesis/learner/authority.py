"""Names that speak of authority. What carries one is no feature: a rule can't be made of it.

A harness learns what is operationally applicable. Who may do what is the policy engine's, and a column that happens to
tell the two apart in training data (a role, an owner, an approver) must not find its way into a rule.
"""

from __future__ import annotations

import re

from bridle.evaluation.lint import STEMS

COLUMNS = (*STEMS, "subject", "actor")
"""The beginnings of words that speak of authority where they name a column."""

_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


def speaks_of_authority(path: str) -> bool:
    """Whether any name on a dotted path does: by a word of its own, or as who did it (`filed_by`, `approvedBy`)."""
    for name in re.split(r"[.>]", path):
        words = [word.lower() for word in _WORDS.findall(name)]
        if any(word.startswith(COLUMNS) for word in words) or (len(words) > 1 and words[-1] == "by"):
            return True
    return False
