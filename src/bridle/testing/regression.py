"""Exported counterexamples, for the test file that `bridle export` writes beside them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bridle.errors import UsageError
from bridle.evaluation.regression import Case, fails
from bridle.harness import CONTRACTS, Harness, Limits, Loaded, read
from bridle.sandbox import LocalSandbox

__all__ = ["Case", "Regression"]


class Regression:
    """The cases of a folder, and the harness that they are for: `counterexamples.json` and `harness.py`."""

    def __init__(self, folder: Path) -> None:
        """Read both.

        Raises:
            UsageError: a file is missing, or is not what was exported.
        """
        try:
            data = json.loads((folder / "counterexamples.json").read_text("utf-8"))
            text = (folder / "harness.py").read_text("utf-8")
            self.cases = tuple(Case(**case) for case in data["cases"])
            contract = replace(CONTRACTS[data["contract"]], observation=data["observation"])
            self._limits = Limits(**data["limits"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(
                f"The counterexamples in {folder} can't be read ({error!r}); write them anew with  bridle export."
            ) from None
        self.harness: Harness = read(text, contract)

    @contextmanager
    def loaded(self) -> Iterator[Loaded]:
        """The harness in a sandbox.

        Raises:
            HarnessFault: it can't be loaded.
            SandboxFault: this machine can't confine it.
        """
        with LocalSandbox(pinned=False) as sandbox:
            loaded = sandbox.load(self.harness, self._limits)
            try:
                yield loaded
            finally:
                loaded.close()

    def fails(self, loaded: Loaded, case: Case) -> str:
        """Why the harness fails on a case; empty where it doesn't."""
        return fails(self.harness, loaded, case)
