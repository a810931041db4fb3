"""The tables of docs/environments.md that come from the package's own data.

python tests/environments/textarena_docs.py     writes them into the page
"""

from __future__ import annotations

import re
from pathlib import Path

from bridle.environments.textarena.corrections import all_corrections
from bridle.environments.textarena.corrections.adapter import ATOMIC, ENDLESS
from bridle.environments.textarena.hints import HINTS, KEPT

PAGE = Path(__file__).parents[2] / "docs" / "environments.md"
_MARKED = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    bar = "\\|"
    return "".join(f"| {' | '.join(cell.replace('|', bar) for cell in line)} |\n" for line in lines)


def removed() -> str:
    rows = []
    for family, hints in sorted(HINTS.items()):
        parts = [f"{hint.kind}: `{hint.start}` …" for hint in hints.listings]
        parts += [f"made without: `{name}={value}`" for name, value in hints.options.items()]
        rows.append((family, "<br>".join(parts), hints.reason))
    return table(("family", "removed, by kind of message, from these words to the end of the line", "why"), rows)


def kept() -> str:
    return table(("family", "what stays, and why"), sorted(KEPT.items()))


def corrections() -> str:
    rows = [(c.family, c.name, c.reason) for c in all_corrections() if not c.always]
    rows += [(family, "all-or-nothing", reason) for family, reason in ATOMIC.items()]
    rows += [(family, "step-limit", reason) for family, reason in ENDLESS.items()]
    return table(("family", "correction", "what is wrong as shipped"), sorted(rows))


def always() -> str:
    return table(("family", "edit", "why"), sorted((c.family, c.name, c.reason) for c in all_corrections() if c.always))


def written(page: str) -> str:
    """The page with its tables written anew."""
    return _MARKED.sub(lambda match: match[1] + globals()[match[2]]() + match[3], page)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
