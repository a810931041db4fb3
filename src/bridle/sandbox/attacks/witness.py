"""Another harness in the same sandbox, which must not notice that it has attackers for neighbours."""

from __future__ import annotations

from bridle.errors import BridleError
from bridle.harness import Harness, Limits
from bridle.sandbox.loaded import LocalLoaded
from bridle.sandbox.local import LocalSandbox

_SOURCE = """
SECRET = "{secret}"


def propose_action(board):
    return board[::-1]


def is_legal_action(board, action):
    return board == SECRET
"""


class Witness:
    """Loaded beside the attackers; holds a secret and answers the same question over and over."""

    def __init__(self, secret: str) -> None:
        """Not loaded yet."""
        self._secret = secret
        self._loaded: LocalLoaded | None = None
        self._asked = self._killed = 0

    def move_into(self, sandbox: LocalSandbox) -> None:
        """Load it into this sandbox."""
        self._loaded = sandbox.load(Harness(_SOURCE.format(secret=self._secret)), Limits())
        self._killed = 0

    def harm(self) -> str | None:
        """Ask it; what is wrong with its answers, None if nothing."""
        if self._loaded is None:
            return None
        self._asked += 1
        question = f"question {self._asked}"
        try:
            told = self._loaded.call("propose_action", question)
            kept = self._loaded.call("is_legal_action", self._secret, "")
            lied = self._loaded.call("is_legal_action", question, "")
        except BridleError as error:
            return f"another harness can't be asked any more: {error}"
        for reply in (told, kept, lied):
            if reply.failure is not None:
                return f"another harness failed: {reply.failure}"
        if (told.value, kept.value, lied.value) != (question[::-1], True, False):
            return "another harness answered wrongly"
        if self._loaded.killed > self._killed:
            self._killed = self._loaded.killed
            return "another harness's worker was killed"
        return None

    def leave(self) -> None:
        """Forget it: its sandbox was closed."""
        self._loaded = None
