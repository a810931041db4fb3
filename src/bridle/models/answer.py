"""What every kind of model does with what came back, so that none is judged by another measure."""

from __future__ import annotations

from bridle.errors import ModelFault

LARGEST = 8 << 20
"""Bytes of one answer. More is a fault: nobody asked for it, and it would fill the memory of whoever reads it."""


def usable(text: str | None, who: str, *, why: str = "") -> str:
    """The text of an answer as it was given, if there is any.

    Lone surrogates, which no digest and no file can hold, become U+FFFD.

    Raises:
        ModelFault: nothing, or nothing but white space, came back; `why` is the provider's own word on it.
    """
    if not text or text.isspace():
        raise ModelFault(f"{who} answered with nothing{f' ({why})' if why else ''}.")
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def excerpt(text: str, *, longest: int = 300) -> str:
    """One printable line of foreign text, for a sentence: no control characters, no more than `longest` characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * longest]).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
