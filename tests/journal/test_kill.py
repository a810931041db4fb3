"""A writer that is killed at any moment leaves a journal that verifies and holds all that it was told is durable."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bridle.journal import Journal

WRITER = """
import sys
from pathlib import Path
from bridle.journal import Journal

with Journal(Path(sys.argv[1])) as journal:
    print("open", flush=True)
    for number in range(100_000):
        event = journal.append("kind", str(number), {"n": number, "text": "abc" * (number * 7919 % 20_000)})
        print(event.seq, event.hash, flush=True)
"""


def killed_writer(path: Path, seconds: float) -> list[str]:
    """Run a writer, kill it after some time; the lines that it printed."""
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "open\n"
    time.sleep(seconds)
    writer.send_signal(signal.SIGKILL)
    lines = [line for line in writer.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    writer.wait()
    writer.stdout.close()
    return lines


@pytest.mark.parametrize("seed", range(6))
def test_a_killed_writer_leaves_a_journal_that_verifies(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "journal.sqlite"
    rng = random.Random(seed)
    known = 0
    for _ in range(2):
        lines = killed_writer(path, rng.uniform(0.0, 0.15))
        with Journal(path) as journal:  # the lock went with the process
            count = journal.verify()
            hashes = {event.seq: event.hash for event in journal.events()}
            for line in lines:
                seq, head = line.split()
                assert hashes[int(seq)] == head
            assert known + len(lines) <= count <= known + len(lines) + 1
            journal.append("kind", "after", {})
            assert journal.verify() == count + 1
            known = count + 1
