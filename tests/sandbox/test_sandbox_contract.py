"""The sandbox of this machine keeps the port's contract: pinned and not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bridle.harness import Sandbox
from bridle.sandbox import LocalSandbox
from bridle.testing.sandbox import SandboxContract


class TestPinned(SandboxContract):
    @contextmanager
    def opened(self) -> Iterator[Sandbox]:
        with LocalSandbox() as sandbox:
            yield sandbox


class TestFree(SandboxContract):
    @contextmanager
    def opened(self) -> Iterator[Sandbox]:
        with LocalSandbox(pinned=False) as sandbox:
            yield sandbox
