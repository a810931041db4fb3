from __future__ import annotations

import time

import pytest

from bridle.errors import HarnessFault
from bridle.harness import TOOL_CALL, Call, Harness, Limits, template, TEXT_ACTION
from bridle.sandbox import LocalSandbox

GOOD = """
def propose_action(board: str) -> str:
    if board == "hang":
        while True:
            pass
    if board == "boom":
        raise ValueError("no")
    if board == "none":
        return None
    return board + "!"


def is_legal_action(board: str, action: str) -> bool:
    return action == "a!"
"""


@pytest.fixture(scope="module")
def sandbox():
    with LocalSandbox() as opened:
        yield opened


def test_batch(sandbox):
    loaded = sandbox.load(Harness(GOOD), Limits(call_seconds=0.2))
    boards = ["a", "hang", "b", "boom", "none", "hang", "c"]
    start = time.monotonic()
    replies = loaded.batch([Call("propose_action", (b,), then="is_legal_action") for b in boards])
    assert [r.value for r in replies] == ["a!", None, "b!", None, None, None, "c!"]
    assert [r.failure and r.failure.kind for r in replies] == [None, "timeout", None, "exception", "type", "timeout", None]
    assert replies[3].failure.line == 7
    assert [r.then and r.then.value for r in replies] == [True, None, False, None, None, None, False]
    assert time.monotonic() - start < 1
    loaded.close()


def test_refused(sandbox):
    with pytest.raises(HarnessFault) as caught:
        sandbox.load(Harness("import os\n" + GOOD), Limits())
    assert caught.value.failure.kind == "static"
    for contract in (TEXT_ACTION, TOOL_CALL):
        loaded = sandbox.load(template(contract), Limits())
        assert loaded.call(contract.functions[0].name, *["x"] * len(contract.functions[0].parameters)).failure.kind == "exception"
