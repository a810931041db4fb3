"""Hostile harnesses for tests, and the fixtures' helpers. Run with the static gate left out: the boundary is tested."""

from __future__ import annotations

from bridle.harness import Harness


def harness(body: str, *, imports: str = "import os, sys") -> Harness:
    """`propose_action` runs these lines."""
    lines = "".join(f"    {line}\n" for line in body.strip("\n").splitlines())
    return Harness(
        f"{imports}\n\n\ndef propose_action(board):\n{lines}\n\ndef is_legal_action(board, action):\n    return True\n"
    )
