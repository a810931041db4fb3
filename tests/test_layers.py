"""Imports point down only: whatever a module of Bridle imports, now or later, lies in a lower row than itself."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import bridle

PACKAGE = Path(bridle.__file__).parent

ROWS = (
    ("errors",),
    ("harness",),
    ("environment",),
    ("authorization",),
    ("trace",),
    ("arguments",),
    ("journal", "statistics"),
    ("environments", "models", "sandbox", "traces"),
    ("runtime",),
    ("agents",),
    ("rollout", "execution"),
    ("evaluation",),
    ("synthesis", "registry"),
    ("report", "integrations", "testing"),
    ("cli",),
    ("__init__",),
)
"""From the bottom up. The nouns, which may use each other, are in the order in which they do."""

HEIGHT = {part: height for height, row in enumerate(ROWS) for part in row}


def imported(source: str, package: str) -> Iterator[tuple[int, str]]:
    """(line, module) for every import of the source, wherever it stands; `package` is what a relative one starts from."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            named = node.args[0] if node.args else None
            if isinstance(named, ast.Constant) and isinstance(named.value, str):
                yield node.lineno, named.value


def objections(source: str, module: str) -> list[str]:
    """What is wrong with the imports of the module called `module` (`bridle.part.…`)."""
    found = []
    part = module.split(".")[1] if "." in module else ""
    for line, name in imported(source, module.rpartition(".")[0]):
        top, _, rest = name.partition(".")
        if top != "bridle" or not rest:
            if top == "bridle" and part != "cli":
                found.append(f"{module}:{line} imports the package's own root")
            continue
        other = rest.split(".")[0]
        if other != part and HEIGHT.get(other, len(ROWS)) >= HEIGHT.get(part, -1):
            found.append(f"{module}:{line} imports {name}, which is not below it")
    return found


MODULES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): path for path in sorted(PACKAGE.rglob("*.py"))
}


def test_imports_point_down_only() -> None:
    found = [text for module, path in MODULES.items() for text in objections(path.read_text("utf-8"), module)]
    assert found == []


def test_every_part_has_a_row() -> None:
    parts = {module.split(".")[1] for module in MODULES} - {"__init__", "__main__"}
    assert parts <= HEIGHT.keys()


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("bridle.rollout", "from bridle.synthesis.tree import Node"),
        ("bridle.rollout", "from bridle import synthesis"),
        ("bridle.models.provider", "import bridle.sandbox.zygote"),
        ("bridle.models.provider", "def f():\n    from bridle.environments import catalog"),
        ("bridle.models.provider", "from ..sandbox import zygote"),
        ("bridle.models.provider", "from .. import sandbox"),
        (
            "bridle.harness",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from bridle.environment import Step",
        ),
        ("bridle.execution", "import importlib\nimportlib.import_module('bridle.evaluation.job')"),
        ("bridle.journal", "import bridle"),
        ("bridle.testing.toy", "from bridle.report.html import render"),
    ],
)
def test_an_import_upwards_or_sideways_is_seen(module: str, source: str) -> None:
    assert len(objections(source, module)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("bridle.models.provider", "from bridle.models.model import Model\nfrom . import model\nimport json"),
        ("bridle.synthesis.refiner", "from bridle.sandbox.gate import examine"),
        ("bridle.journal", "from bridle.harness import digest"),
    ],
)
def test_an_import_downwards_is_fine(module: str, source: str) -> None:
    assert objections(source, module) == []


HEAVY = ("pydantic_ai", "openai", "anthropic", "google.genai", "genai_prices", "textarena", "cedarpy", "numpy", "scipy")


@pytest.mark.parametrize("module", ["bridle.runtime", "bridle.models"])
def test_what_production_imports_is_light(module: str) -> None:
    """No provider's SDK, no TextArena, no synthesis: read from a fresh interpreter."""
    listing = f"import sys, {module}; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    unwanted = {name for name in loaded if name.startswith(HEAVY)}
    above = ("synthesis", "registry", "report", "integrations", "testing", "cli", "evaluation", "environments")
    unwanted |= {name for name in loaded if name.startswith(tuple(f"bridle.{part}" for part in above))}
    assert unwanted == set()
    assert module in loaded
