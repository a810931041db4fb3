"""Run every benchmark, one after the other: `python benchmarks/run.py [NAME …]`.

Each prints its figures beside a reference measured in the same run. None is a test: figures depend on the machine.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all; the number of those that failed."""
    found = {path.stem: path for path in sorted(HERE.glob("*.py")) if path.stem != "run"}
    unknown = [name for name in names if name not in found]
    if unknown:
        print(f"There is no benchmark {unknown[0]!r}; there are {', '.join(found)}.", file=sys.stderr)
        return 2
    failed = 0
    for name in names or list(found):
        print(f"\n== {name}", flush=True)
        failed += subprocess.run([sys.executable, str(found[name])]).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
