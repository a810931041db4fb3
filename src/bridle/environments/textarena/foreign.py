"""Actions that some agent might propose: legal ones, near misses, actions of other states, and odd spellings.

Every sample holds each way of spelling an action badly, because a rule that no sample tests is never learnt.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


def _inside(action: str) -> str:
    return action.removeprefix("[").removesuffix("]")


def _two(action: str, other: str) -> str:
    return f"{action} {other}"


SPELLINGS: dict[str, Callable[[str], str]] = {
    "bare": _inside,
    "capitals": str.upper,
    "small": str.lower,
    "swapped case": str.swapcase,
    "spaces inside": lambda a: f"[ {_inside(a)} ]",
    "spaces outside": lambda a: f"  {a}\n",
    "double spaces": lambda a: a.replace(" ", "  "),
    "no spaces": lambda a: a.replace(" ", ""),
    "digit suffix": lambda a: f"[{_inside(a)}7]" if a.endswith("]") else f"{a}7",
    "left bracket only": lambda a: f"[{_inside(a)}",
    "right bracket only": lambda a: f"{_inside(a)}]",
    "nested brackets": lambda a: f"[[{_inside(a)}]]",
    "round brackets": lambda a: f"({_inside(a)})",
    "full-width digits": lambda a: a.translate(_FULL_WIDTH),
    "prose": lambda a: f"I think the best action is {a}, because it is good.",
    "prose with another number": lambda a: f"In turn [1] I choose {a}.",
    "prefixed": lambda a: f"Action: {a}",
}
"""Ways to write an action, by name."""

JUNK = ("", " ", "[]", "[ ]", "pass", "[pass]", "[0]", "[-1]", "[999]", "null", "[a1 a1]")


def near_miss(rng: random.Random, action: str) -> str:
    """The action with one number, letter or place changed."""
    numbers = list(re.finditer(r"\d+", action))
    letters = list(re.finditer(r"[A-Za-z]", action))
    if numbers and (not letters or rng.random() < 0.6):
        spot = rng.choice(numbers)
        value = max(0, int(spot.group()) + rng.choice((-2, -1, 1, 2, 10)))
        return f"{action[: spot.start()]}{value}{action[spot.end() :]}"
    if letters:
        spot = rng.choice(letters)
        letter = chr((ord(spot.group()) - 97 + rng.choice((-1, 1))) % 26 + 97)
        letter = letter.upper() if spot.group().isupper() else letter
        return f"{action[: spot.start()]}{letter}{action[spot.end() :]}"
    return action + "!"


def foreign_actions(
    rng: random.Random, *, legal: Sequence[str], near: Sequence[str], earlier: Sequence[str]
) -> list[str]:
    """A sample without repeats: what is given, mutations of it, earlier actions, and every spelling.

    `legal` and `near` are legal and illegal actions of the state in their plainest spelling, `earlier` the actions
    taken so far in the episode.
    """
    plain = [*legal, *near]
    sample = [*plain, *(near_miss(rng, action) for action in plain)]
    sample += rng.sample(list(earlier), min(3, len(earlier)))
    for number, spell in enumerate(SPELLINGS.values()):
        for group in (legal, near) if number % 2 else (legal,):
            if group:
                sample.append(spell(rng.choice(group)))
    if len(plain) > 1:
        sample.append(_two(*rng.sample(plain, 2)))
    sample += rng.sample(JUNK, 4)
    return list(dict.fromkeys(sample))
