"""A run is killed, for real, at random moments, and resumed: nothing recorded is asked again, the tree is the same."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from bridle.journal import Journal

SCRIPT = Path(__file__).with_name("killable.py")


def run(folder: Path, ledger: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), str(folder), str(ledger)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(SCRIPT.parent)},
    )


def killed_and_resumed(tmp_path: Path, kills: int, seed: int) -> None:
    whole = run(tmp_path / "whole", tmp_path / "whole.ledger")
    expected, _ = whole.communicate(timeout=120)
    assert whole.returncode == 0
    rng, folder, ledger, done, killed = random.Random(seed), tmp_path / "run", tmp_path / "ledger", "", 0
    while not done:
        process = run(folder, ledger)
        if killed < kills:
            # From before the first event to about the end; a run that got further each time would soon be over.
            time.sleep(0.35 + rng.random() * 0.6)
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                killed += 1
        out, _ = process.communicate(timeout=120)
        done = out if process.returncode == 0 else ""
        if done and killed < kills:
            for path in folder.iterdir():
                path.unlink()
            ledger.unlink()
            done = ""
    assert done == expected
    with Journal(folder / "journal.sqlite") as journal:
        journal.verify()
        intents = Counter(event.key for event in journal.events("call.intent"))
        results = Counter(event.key for event in journal.events("call.result"))
    assert max(intents.values()) == max(results.values()) == 1
    asked = len(ledger.read_text().splitlines())
    in_doubt = len(intents) - len(results)
    assert len(results) <= asked <= len(results) + in_doubt


def test_killed_a_few_times(tmp_path: Path) -> None:
    killed_and_resumed(tmp_path, kills=3, seed=1)


@pytest.mark.slow
def test_killed_fifty_times(tmp_path: Path) -> None:
    killed_and_resumed(tmp_path, kills=50, seed=2)
