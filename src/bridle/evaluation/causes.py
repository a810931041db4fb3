"""What makes failed steps alike: the cause that they seem to share."""

from __future__ import annotations

import json
import re
from typing import Any

from bridle.rollout import FailedStep

READ = 2000
"""Characters of an action or a sentence that count."""


def cause_key(failure: FailedStep) -> tuple[str, ...]:
    """Kind, what was said, how the action is spelled; of what broke, its message and its place in the code instead."""
    action = text_of(failure.action)
    broke = failure.failure
    if broke is None:
        return failure.kind, said(failure.feedback, action), spelling(action), ""
    return failure.kind, "", "", f"{broke.kind}@{broke.line} {said(broke.message, action)}"


def said(sentence: str, action: str) -> str:
    """A sentence without what differs from case to case: the action itself, what stands in quotes, numbers."""
    sentence = sentence[:READ]
    for spelled in (action, action.strip("[] ")):
        if 0 < len(spelled) <= 200:
            sentence = re.sub(rf"(?<!\w){re.escape(spelled)}(?!\w)", "…", sentence)
    sentence = re.sub(r"'[^']*'|\"[^\"]*\"", "…", sentence)
    return numbers_alike(sentence)


def spelling(action: str) -> str:
    """The action with words and numbers made alike."""
    return re.sub(r"[A-Za-z]+", "a", numbers_alike(action[:READ]))


def numbers_alike(text: str) -> str:
    """The text with every word that has a digit made alike; in linear time, since it may be a harness's."""
    return re.sub(r"\w+", lambda word: "9" if re.search(r"\d", word[0]) else word[0], text)


def text_of(value: Any) -> str:
    """Text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
