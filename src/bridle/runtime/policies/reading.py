"""How a policy reads one argument of a call, and when two spellings of it are the same value.

    text      a string, as it is                            same: after trimming white space
    token     a string from a small vocabulary, as it is    same: without regard to case, and to space, - and _
    integer   a whole number, or its plain digits           same: as numbers
    decimal   a plain number, as a whole number of units of 10^-scale (money: integer cents); same: as numbers
    boolean   true or false                                 same: also "true" and "false"
    date      YYYY-MM-DD                                    same: also with / or . between, year first
    json      any value, as it is                           same: equal

A policy is given what will be executed, so reading is strict; only the comparison of spellings is lenient. Numbers with
thousands separators, currency signs or exponents are nobody's plain spelling: "1,250" is 1250 here and 1.25 elsewhere.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal, TypeAlias, cast, get_args

from bridle.errors import PolicyFault
from bridle.harness import digest

Kind: TypeAlias = Literal["text", "token", "integer", "decimal", "boolean", "date", "json"]

ABSENT: Any = object()
"""Stands for an argument that a call does not state. A null counts as not stated."""

_PLAIN = re.compile(r"[+-]?\d{1,30}(\.\d{1,30})?", re.ASCII)
_DATE = re.compile(r"(\d{4})[-/.](\d{2})[-/.](\d{2})", re.ASCII)
_LARGEST = 2**63 - 1
_BOOLEANS = {"true": "true", "false": "false"}
_SEPARATORS = re.compile(r"[\s_-]+")


class Unreadable(PolicyFault):
    """A call that can't be put as a question to the policy engine; it is never executed."""


@dataclass(frozen=True)
class Reading:
    """One way to read an argument. `scale` is the number of decimal places of `decimal`'s unit."""

    kind: Kind = "json"
    scale: int = 0

    def __post_init__(self) -> None:
        """PolicyFault for a kind that there is not, or a scale that makes no sense."""
        if self.kind not in get_args(Kind):
            raise PolicyFault(f"There is no reading {self.kind!r}; use one of {', '.join(get_args(Kind))}.")
        if not 0 <= self.scale <= 12 or (self.scale and self.kind != "decimal"):
            raise PolicyFault(f"A scale of {self.scale} is not for {self.kind}; only decimal has one, from 0 to 12.")

    def value(self, raw: Any) -> Any:
        """What the policy is given for `raw`: a JSON value, never a float.

        Raises:
            Unreadable: `raw` is not of this kind.
        """
        kind = self.kind
        if kind in ("text", "token"):
            return raw if isinstance(raw, str) else self._only(raw, False)
        if kind in ("decimal", "integer"):
            units = _units(raw, self.scale)
            return units if units is not None and -_LARGEST <= units <= _LARGEST else self._only(raw, False)
        if kind == "json":
            return raw
        if kind == "boolean":
            return self._only(raw, isinstance(raw, bool))
        return self._only(raw, isinstance(raw, str) and _iso(raw) == raw)

    def same(self, one: Any, other: Any) -> bool:
        """Whether both are spellings of one value. What can't be read is the same as nothing but itself."""
        absent = [raw is ABSENT or raw is None for raw in (one, other)]
        if any(absent):
            return all(absent)
        if isinstance(one, str) and one == other:
            return True
        normal = self._normal(one)
        return normal is not None and normal == self._normal(other)

    def _normal(self, raw: Any) -> Any:
        """A form that is equal for equal values, and None where `raw` can't be read."""
        if self.kind in ("integer", "decimal"):
            return _number(raw, trim=True)
        if self.kind == "json":
            return digest(raw)
        if self.kind == "boolean":
            return _BOOLEANS.get(str(raw).strip().casefold()) if isinstance(raw, bool | str) else None
        if not isinstance(raw, str):
            return None
        if self.kind == "date":
            return _iso(raw.strip())
        return raw.strip() if self.kind == "text" else _SEPARATORS.sub("_", raw.strip()).casefold()

    def _only(self, raw: Any, fits: bool) -> Any:
        if fits:
            return raw
        unit = f" in units of 10^-{self.scale}" if self.scale else ""
        raise Unreadable(f"{raw!r} can't be read as {self.kind}{unit}")


def _units(raw: Any, scale: int) -> int | None:
    """`raw` in units of 10^-`scale`, exactly; None where it is no plain number, or none of whole units."""
    if isinstance(raw, float):
        text = repr(raw)
        if "e" in text or not math.isfinite(raw):
            exact = Fraction(text) * 10**scale if math.isfinite(raw) else Fraction(1, 2)
            return exact.numerator if exact.denominator == 1 else None
    elif isinstance(raw, int):
        return None if isinstance(raw, bool) else raw * 10**scale
    elif isinstance(raw, str) and _PLAIN.fullmatch(raw):
        text = raw
    else:
        return None
    whole, _, places = text.partition(".")
    if len(places) > scale:
        if places[scale:].strip("0"):
            return None
        places = places[:scale]
    return int(whole + places.ljust(scale, "0"))


def _number(raw: Any, *, trim: bool) -> Decimal | None:
    if isinstance(raw, bool):
        return None
    if isinstance(raw, int):
        return Decimal(raw)
    if isinstance(raw, float):
        return Decimal(repr(raw)) if math.isfinite(raw) else None
    text = raw.strip() if trim and isinstance(raw, str) else raw
    return Decimal(text) if isinstance(text, str) and _PLAIN.fullmatch(text) else None


def _iso(text: str) -> str | None:
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    try:
        return date(*(int(part) for part in match.groups())).isoformat()
    except ValueError:
        return None


def reading(kind: str, scale: int = 0) -> Reading:
    """The reading called `kind`; PolicyFault where there is none."""
    return Reading(cast(Kind, kind), scale)
