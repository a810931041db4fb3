"""Run the benchmarks, one after the other: `python benchmarks/run.py [NAME …]`.

Each prints its figures beside a reference measured in the same run. None is a test: figures depend on the machine.
Those that take longer than a quarter of an hour are run where they are named.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
LONG = ("replays", "other_tools")
PARTS = ("run", "dojo")


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all; the number of those that failed."""
    found = {path.stem: path for path in sorted(HERE.glob("*.py")) if path.stem not in PARTS}
    unknown = [name for name in names if name not in found]
    if unknown:
        print(f"There is no benchmark {unknown[0]!r}; there are {', '.join(found)}.", file=sys.stderr)
        return 2
    failed = 0
    for name in names or [name for name in found if name not in LONG]:
        print(f"\n== {name}", flush=True)
        failed += subprocess.run([sys.executable, str(found[name])]).returncode != 0
    if not names:
        print(f"\nNot run, for they take long: {', '.join(LONG)}. Name them to run them.")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
