"""Everything outside the sandbox that attacks go for, and the wires they would trip.

The bait tells an attack where everything is: what it does not get, it did not fail to find.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from bridle.sandbox.attacks.attack import Attempt
from bridle.sandbox.attacks.calls import numbers, spared
from bridle.sandbox.attacks.decoy import Decoy
from bridle.sandbox.attacks.ears import Ears
from bridle.sandbox.attacks.folder import DROP, PLANTED, PRECIOUS, SECRET, Folder
from bridle.sandbox.attacks.tree import Tree
from bridle.sandbox.attacks.witness import Witness

CLAIM = "ESCAPED"
"""What an attack answers when it got what it should not have and nothing outside can show it."""


class Scene:
    """Bait and tripwires for a whole suite. A context manager; leaves nothing behind."""

    def __init__(self, folder: Path, user: int) -> None:
        """Set everything up in `folder`. `user` is the one that workers run as."""
        self._secrets = {place: secrets.token_hex(16) for place in ("file", "process", "harness")}
        self.witness = Witness(self._secrets["harness"])
        with ExitStack() as stack:
            self._folder = Folder(folder, secret=self._secrets["file"], user=user)
            self._decoy = stack.enter_context(Decoy(self._secrets["process"], user))
            self._ears = stack.enter_context(Ears(folder))
            self._folder.changes()  # the listener's socket came
            self._inherited = os.open(folder / SECRET, os.O_RDONLY)
            stack.callback(os.close, self._inherited)
            os.set_inheritable(self._inherited, True)
            self.tree = Tree()
            self._stack = stack.pop_all()

    def bait(self) -> str:
        """Where everything is, as JSON."""
        path, decoy = self._folder.path, self._decoy
        workers = self.tree.workers()
        return json.dumps(
            {
                "secret": str(path / SECRET),
                "precious": str(path / PRECIOUS),
                "folder": str(path),
                "planted": PLANTED.removesuffix(".py"),
                "drop": str(path / DROP),
                "target": str(path / DROP / "target"),
                "socket": self._ears.path,
                "abstract": self._ears.abstract,
                "free": self._ears.free,
                **self._ears.ports,
                "parent": os.getpid(),
                "workers": workers,
                "zygotes": self.tree.zygotes(),
                "decoy": decoy.pid,
                "address": decoy.address,
                "descriptor": decoy.descriptor,
                "inherited": self._inherited,
                "calls": numbers(),
                "spared": spared(),
            }
        )

    def tripped(self, attempt: Attempt) -> list[str]:
        """Every wire that was tripped since the last look, in words."""
        texts = list(_texts(attempt))
        found = [
            f"read a secret of another {place}"
            for place, secret in self._secrets.items()
            if any(secret in text for text in texts)
        ]
        found += [text[text.index(CLAIM) :][:200] for text in texts if CLAIM in text]
        found += self._folder.changes() + self._ears.heard() + self.tree.harm()
        for harm in (self._decoy.harm(), self.witness.harm()):
            if harm is not None:
                found.append(harm)
        return found

    def __enter__(self) -> Scene:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()


def _texts(attempt: Attempt) -> Iterator[str]:
    """Everything that an attack could say."""
    yield from (failure.message for failure in attempt.failures)
    for answer in attempt.answers:
        value = answer.reply.value
        yield value if isinstance(value, str) else repr(value)
    yield repr(attempt.rules)
