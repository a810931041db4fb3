"""An HTTP refusal as a fault: whether asking again can help, and when."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from bridle.errors import ModelFault
from bridle.models.answer import excerpt

TEMPORARY = frozenset({408, 409, 425, 429})
"""Statuses below 500 after which asking again can help."""

ADVICE = {
    401: "Set BRIDLE_API_KEY (or OPENAI_API_KEY) to a key that it takes.",
    403: "Set BRIDLE_API_KEY (or OPENAI_API_KEY) to a key that it takes.",
    404: "Check the address and the model's name.",
}


def refusal(who: str, status: int, headers: Mapping[str, str], body: bytes) -> ModelFault:
    """The fault for a status other than 200; the headers' names are in lower case."""
    said, code = _said(body)
    advice = "Redirects are not followed: name the final address." if 300 <= status < 400 else ADVICE.get(status, "")
    return ModelFault(
        f"{who} answered with status {status}: {said}. {advice}".rstrip(),
        permanent=(status < 500 and status not in TEMPORARY) or code == "insufficient_quota",
        retry_after=retry_after(headers),
        billable=False,
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the provider asks to wait; None where it says nothing that can be read.

    The headers' names are in lower case. `retry-after-ms` is OpenAI's own; a date in `Retry-After` is taken relative
    to the answer's own `Date`, so that a wrong clock on this machine doesn't matter.
    """
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * scale
        except ValueError:
            continue
        if math.isfinite(seconds) and seconds >= 0:
            return seconds
    try:
        when = parsedate_to_datetime(headers.get("retry-after", ""))
        now = parsedate_to_datetime(headers["date"]) if "date" in headers else datetime.now(UTC)
        return max(0.0, (when - now).total_seconds())
    except (ValueError, TypeError):
        return None


def _said(body: bytes) -> tuple[str, str]:
    """The provider's own sentence and its code, where the body has them in one of the usual places."""
    text = body[: 64 << 10].decode(errors="replace")
    try:
        error = json.loads(text)
        error = error.get("error", error)
        said, code = (
            (error, "") if isinstance(error, str) else (error.get("message") or error.get("detail"), error.get("code"))
        )
    except (ValueError, AttributeError, RecursionError):
        said, code = None, ""
    return excerpt(said if isinstance(said, str) and said else text).rstrip(".") or "nothing more", str(code or "")
