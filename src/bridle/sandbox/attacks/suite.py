"""Carries out attacks in a sandbox, beside a witness, and looks at every tripwire after each.

Run as `python -m bridle.sandbox.attacks.suite FOLDER NAME...`, it prints JSON lines, a start and a finding per attack.
It is a process of its own, so that what takes an attack's caller down does not take down whoever wants to know.
"""

from __future__ import annotations

import importlib.util
import json
import random
import sys
import time
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from bridle.errors import HarnessFault, SandboxFault
from bridle.harness import Harness
from bridle.sandbox.attacks.attack import LIMITS, Attack, Attempt, Finding, Outcome
from bridle.sandbox.attacks.catalog import ATTACKS
from bridle.sandbox.attacks.judging import misjudged
from bridle.sandbox.attacks.scene import Scene
from bridle.sandbox.attacks.triggers import answers
from bridle.sandbox.audit import audit
from bridle.sandbox.local import LocalSandbox

_LONGEST = 160
"""Characters of a finding's `how`."""

_NOT_APPLICABLE = "n/a: "
"""What an attack that finds nothing to attack says in an exception's message."""


class Suite:
    """A scene, a sandbox without the static gate to attack, and one with it to hear what the gate says."""

    def __init__(self, folder: Path, *, without_isolation: bool = False) -> None:
        """The scene is set in `folder` when this is entered.

        Entering raises:
            SandboxFault: this machine can't confine, and nobody said to do without.
        """
        self._folder, self._without = folder, without_isolation
        self._sandboxes: dict[bool, LocalSandbox] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Suite:
        with self._stack:
            self._gated = self._stack.enter_context(LocalSandbox(without_isolation=self._without))
            self._scene = self._stack.enter_context(Scene(self._folder, self._gated.layers.user))
            self._stack.callback(self._close)
            self._open(pinned=True)
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def attack(self, attack: Attack) -> Finding:
        """Carry out one attack."""
        start = time.monotonic()
        if attack.numpy and importlib.util.find_spec("numpy") is None:
            return self._finding(attack, Outcome.NOT_APPLICABLE, "numpy is not installed", start)
        attempt, escapes = self._attempt(attack)
        if escapes:
            if isinstance(attempt.raised, SandboxFault) or any("zygote" in text for text in escapes):
                self._close()
                self._open(pinned=True)
            return self._finding(attack, Outcome.ESCAPED, "; ".join(escapes), start)
        how = _how(attempt)
        if _NOT_APPLICABLE in how:
            return self._finding(attack, Outcome.NOT_APPLICABLE, how.partition(_NOT_APPLICABLE)[2], start)
        return self._finding(attack, Outcome.CONTAINED, how, start)

    def _attempt(self, attack: Attack) -> tuple[Attempt, list[str]]:
        """Load and call the hostile harness; what came of it, and its escapes while it lived and after."""
        sandbox = self._open(pinned=attack.trigger.pinned)
        harness = Harness(attack.source, contract=attack.contract)
        bait = self._scene.bait()
        seen: dict[str, Any] = {}
        loaded = None
        start = time.monotonic()
        try:
            loaded = sandbox.load(harness, attack.limits)
            seen["rules"] = loaded.rules
            observed = attack.trigger.run(loaded, attack, bait)
            seen["answers"] = answers(attack, observed)
            if attack.audited:
                seen["audited"] = audit(sandbox, harness, attack.limits, observed, random.Random(attack.name))
        except HarnessFault as fault:
            seen["refused"] = fault.failure
        except Exception as error:  # whatever it is, an attack made the parent raise it: that is an escape
            seen["raised"] = error
        attempt = Attempt(**seen, seconds=time.monotonic() - start, bound=attack.bound)
        alive = self._scene.tripped(attempt)
        if loaded is not None:
            attempt = replace(attempt, printed=loaded.printed, killed=loaded.killed)
            loaded.close()
        escapes = [*alive, *(text for text in self._scene.tripped(attempt) if text not in alive)]
        escapes += misjudged(attempt, attack.limits)
        further = attack.oracle(attempt) if attack.oracle is not None else None
        return attempt, [*escapes, *([further] if further else [])]

    def _finding(self, attack: Attack, outcome: Outcome, how: str, start: float) -> Finding:
        return Finding(
            name=attack.name,
            family=attack.family,
            outcome=outcome,
            how=printable(how.replace(str(self._folder), "…")),
            gated=self._is_gated(attack),
            seconds=round(time.monotonic() - start, 3),
        )

    def _is_gated(self, attack: Attack) -> bool:
        """Whether the static gate alone refuses the source. It reads it in a confined worker: parsers break too."""
        try:
            limits = replace(LIMITS, source_bytes=attack.limits.source_bytes)
            self._gated.load(Harness(attack.source, contract=attack.contract), limits).close()
        except HarnessFault as fault:
            return fault.failure.kind == "static"
        except Exception:  # an escape, seen and told when the attack itself was carried out
            return False
        return False

    def _open(self, *, pinned: bool) -> LocalSandbox:
        """The sandbox to attack. The witness lives in the one whose workers are pinned."""
        if pinned not in self._sandboxes:
            made = LocalSandbox(without_isolation=self._without, static_gate=False, pinned=pinned)
            self._sandboxes[pinned] = made
            self._scene.tree.look_at(*self._sandboxes.values())
            if pinned:
                self._scene.witness.move_into(made)
        return self._sandboxes[pinned]

    def _close(self) -> None:
        self._scene.witness.leave()
        self._scene.tree.look_at()
        for sandbox in self._sandboxes.values():
            sandbox.close()
        self._sandboxes.clear()


def printable(text: str) -> str:
    """Text of an attack's making, fit for a terminal: one line, no control characters, not long."""
    plain = "".join(letter if letter.isprintable() else "·" for letter in text[: 4 * _LONGEST])
    return plain if len(plain) <= _LONGEST else plain[: _LONGEST - 1] + "…"


def _how(attempt: Attempt) -> str:
    """What stopped an attack, in the words of the first failure, else of the first answer."""
    if attempt.audited is not None:
        return "not stopped, but the audit saw it"
    for failure in attempt.failures:
        return str(failure)
    for answer in attempt.answers:
        return f"answered {answer.reply.value!r}"[: 4 * _LONGEST]
    return "loaded, and nothing else"


def main(folder: Path, names: list[str], *, without_isolation: bool) -> None:
    """Carry out the attacks of these names, in this order."""
    attacks = {attack.name: attack for attack in ATTACKS}
    with Suite(folder, without_isolation=without_isolation) as suite:
        for name in names:
            _say({"start": name})
            _say(asdict(suite.attack(attacks[name])))


def _say(line: dict[str, object]) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    flags = [word for word in sys.argv[1:] if word.startswith("--")]
    place, *chosen = [word for word in sys.argv[1:] if word not in flags]
    main(Path(place), chosen, without_isolation="--without-isolation" in flags)
