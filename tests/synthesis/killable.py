"""A search that can be killed: `python killable.py FOLDER LEDGER` starts or resumes it, and prints the tree's digest.

Its model is scripted by the request alone and writes every request that it is asked into the ledger before it answers.
"""

import random
import sys
import time
from pathlib import Path

from doors import ALWAYS_FOUR, REACHABLE, answer

from bridle.errors import JournalFault, UsageError
from bridle.execution import Inline
from bridle.models import Request, Scripted
from bridle.synthesis import run as runs
from bridle.synthesis.budget import Limit
from bridle.synthesis.plan import Plan

PLAN = Plan(
    environment="bridle.testing.toy:Doors",
    model="scripted",
    lanes=4,
    steps=60,
    concurrency=3,
    limit=Limit(iterations=14),
)


def main(folder: Path, ledger: Path) -> None:
    def reply(request: Request) -> str:
        with ledger.open("a") as file:
            file.write(f"{request.digest}\n")
        rng = random.Random(request.digest)
        time.sleep(rng.uniform(0.0, 0.08))
        code = rng.choice([ALWAYS_FOUR, REACHABLE, "no code"])
        return answer(f"{code}\nX = {rng.randrange(6)}\n") if "def" in code else code

    model = Scripted(reply, name="simulated refiner")
    try:
        outcome = runs.resume(folder, model=model, executor=Inline())
    except (JournalFault, UsageError):
        # Killed before its first event: there is nothing to resume yet.
        outcome = runs.start(PLAN, folder, model=model, executor=Inline())
    print(outcome.stop, outcome.tree.digest, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
