"""Words that mean nothing: drawn from syllables, in a writing that a workflow keeps to."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from bridle.synthesis.learner.authority import speaks_of_authority

CONSONANTS, VOWELS = "bdfgklmnprstvz", "aeiou"
STYLES = ("snake", "camel", "joined")
"""How names of two words are written: `two_words`, `twoWords`, or `twowords`."""


class Words:
    """Draws words that were not drawn before."""

    def __init__(self, rng: random.Random) -> None:
        """Draw from `rng`; the writing is drawn first."""
        self._rng, self._taken = rng, set[str]()
        self.style = rng.choice(STYLES)

    def word(self) -> str:
        """A fresh word in lower case; never one that speaks of authority, because those are no features by design."""
        while True:
            syllables = self._rng.choice((2, 2, 3))
            text = "".join(self._rng.choice(CONSONANTS) + self._rng.choice(VOWELS) for _ in range(syllables))
            text += self._rng.choice(("", "", self._rng.choice("lnrst")))
            if text not in self._taken and not speaks_of_authority(text):
                self._taken.add(text)
                return text

    def name(self, *parts: str) -> str:
        """A name of some words (one fresh word where none are given), in the workflow's writing."""
        words = parts or (self.word(),)
        if self.style == "snake":
            return "_".join(words)
        if self.style == "camel":
            return words[0] + "".join(word.title() for word in words[1:])
        return "".join(words)


@dataclass(frozen=True)
class Ids:
    """Ids of one kind of thing: `#` in the template stands for a digit, `@` for a letter."""

    template: str

    @staticmethod
    def of(rng: random.Random, word: str) -> Ids:
        """A writing for a kind: `ABC-1234`, `abc_123`, `abc:xy-12`, `ABC1234`."""
        stem = word[:3]
        return Ids(rng.choice((f"{stem.upper()}-####", f"{stem}_###", f"{stem}:@@-##", f"{stem.upper()}####")))

    @property
    def pattern(self) -> str:
        """The writing as a regular expression."""
        digits = re.sub(r"#+", lambda run: f"[0-9]{{{len(run[0])}}}", self.template)
        return "^" + re.sub(r"@+", lambda run: f"[a-z]{{{len(run[0])}}}", digits) + "$"

    def draw(self, rng: random.Random) -> str:
        """An id."""
        text = "".join(rng.choice("0123456789") if letter == "#" else letter for letter in self.template)
        return "".join(rng.choice("abcdefgh") if letter == "@" else letter for letter in text)
