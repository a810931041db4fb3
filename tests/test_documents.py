"""Runs every code block of the README and the documentation.

A page's `python` blocks run in one namespace, in a temporary folder; so do its commands, the lines of `console` and
`bash` blocks that begin with `$ `, with the virtual environment's programs on the PATH. `json` and `toml` blocks must
parse. What a comment right above a block can say:

    <!-- not run: reason -->     leave this block out
    <!-- file: name.py -->       write the block's text to this file instead of running it
    <!-- exits: 3 -->            the block's last command ends with this code
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

import network

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

SHELLS = ("console", "bash", "sh", "shell")
DATA = ("text", "markdown", "html", "cedar", "rego", "yaml", "ini", "diff", "makefile", "mermaid")
"""Languages of blocks that are shown and not run."""

COMMENT = re.compile(r"<!--\s*(not run|file|exits):\s*(\S.*?)\s*-->\s*\Z")
COMMAND_SECONDS = 120


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, text, first line in the page, and what the comment above says."""

    language: str
    text: str
    line: int
    order: str = ""
    argument: str = ""


def blocks(page: str) -> Iterator[Block]:
    """The blocks of a page, in order."""
    above = ""
    for token in MarkdownIt().parse(page):
        assert token.map is not None or token.type not in ("fence", "code_block")
        if token.type == "code_block":
            raise ValueError(f"line {token.map[0] + 1}: an indented block of code; put it between fences")
        if token.type == "fence":
            match = COMMENT.search(above)
            order, argument = match.groups() if match else ("", "")
            yield Block((token.info.split() or [""])[0], token.content, token.map[0] + 1, order, argument)
        above = token.content if token.type == "html_block" else ""


def commands(text: str) -> list[str]:
    """The commands of a shell block: lines after `$ `, with those that a backslash goes on to."""
    found: list[str] = []
    going_on = False
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append(line[2:])
        elif going_on:
            found[-1] += "\n" + line
        going_on = line.endswith("\\") and bool(found)
    return found


class Page:
    """A page in execution: one folder, one namespace."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.namespace: dict[str, object] = {"__name__": "__main__"}
        support, home = folder.parent / "support", folder.parent / "home"
        support.mkdir()
        home.mkdir()
        programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        self.variables = {**network.child_environment(support), "PATH": programs, "HOME": str(home)}

    def run(self, block: Block) -> None:
        """Do with the block what its language and the comment above it say."""
        if block.order == "not run":
            return
        if block.order == "file":
            path = self.folder / block.argument
            assert path.resolve().is_relative_to(self.folder.resolve()), f"{block.argument} leaves the folder"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, "utf-8")
        elif block.language == "python":
            source = "\n" * block.line + block.text  # so that a traceback names the page's line
            exec(compile(source, self.name, "exec"), self.namespace)
        elif block.language in SHELLS:
            self._shell(block)
        elif block.language == "json":
            json.loads(block.text)
        elif block.language == "toml":
            tomllib.loads(block.text)
        else:
            assert block.language in DATA, f"{self.name}:{block.line}: a block in {block.language or 'no language'}"

    def _shell(self, block: Block) -> None:
        told = commands(block.text)
        assert told, f"{self.name}:{block.line}: a shell block without a line that begins with '$ '"
        for number, command in enumerate(told, 1):
            done = subprocess.run(
                ["bash", "-o", "pipefail", "-c", command],
                cwd=self.folder,
                env=self.variables,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=COMMAND_SECONDS,
            )
            expected = int(block.argument) if block.order == "exits" and number == len(told) else 0
            assert done.returncode == expected, f"{self.name}:{block.line}: $ {command}\n{done.stdout}{done.stderr}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder to run a page in; what the page imports from it is forgotten afterwards."""
    place = tmp_path / "page"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.syspath_prepend(str(place))
    before = set(sys.modules)
    yield place
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(place)):
            del sys.modules[name]


def run_page(name: str, text: str, folder: Path) -> Page:
    page = Page(name, folder)
    for block in blocks(text):
        page.run(block)
    return page


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_page_runs(path: Path, folder: Path) -> None:
    run_page(str(path.relative_to(ROOT)), path.read_text("utf-8"), folder)


LINKED = [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", ROOT / "harnesses" / "README.md"]
LINK = re.compile(r"\]\(([^)\s]+)\)")


def prose(page: str) -> str:
    """The page without its fenced blocks."""
    return re.sub(r"^(`{3,}).*?^\1$", "", page, flags=re.DOTALL | re.MULTILINE)


def anchors(page: str) -> set[str]:
    """The anchors of a page's headings, as a forge makes them."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    plain = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower() for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}


def astray(page: str, folder: Path) -> list[str]:
    """The links of a page in a folder that lead nowhere."""
    found = []
    for link in LINK.findall(prose(page)):
        file, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        there = folder / file
        exists = there.exists() if file else True
        text = page if not file else there.read_text("utf-8") if exists and there.suffix == ".md" else ""
        if not exists or (anchor and anchor not in anchors(text)):
            found.append(link)
    return found


@pytest.mark.parametrize("path", LINKED, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    assert astray(path.read_text("utf-8"), path.parent) == []


def test_a_link_that_leads_nowhere_is_seen(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("# What `is` there?\n\n```text\n# no heading\n```\n")
    page = "# Here\n[a](there.md#what-is-there) [b](#here) [c](https://example.org/x#y) [d](there.md)\n"
    assert astray(page, tmp_path) == []
    wrong = "# Here\n[a](there.md#no-heading) [b](#there) [c](nowhere.md)\n"
    assert astray(wrong, tmp_path) == ["there.md#no-heading", "#there", "nowhere.md"]


SAMPLE = """
# A page

<!-- file: rooms.py -->
```python
SIZE = 3
```

1. In a list:

   ```python
   import rooms
   size = rooms.SIZE
   ```

```console
$ python -c "import rooms; print(rooms.SIZE)" \\
    > size.txt
what it prints is not run: rm -rf nothing
```

<!-- not run: it would never end -->
```python
while True: pass
```

<!-- exits: 3 -->
```bash
$ true
$ exit 3
```

```python
assert open("size.txt").read().strip() == str(size)
```
"""


def test_a_page_is_run_in_order_in_one_folder_and_namespace(folder: Path) -> None:
    assert run_page("sample.md", SAMPLE, folder).namespace["size"] == 3


@pytest.mark.parametrize(
    "text",
    [
        "```python\nassert False\n```",
        "```console\n$ false | true\n```",
        "```console\n$ exit 3\n```",
        "```console\nbridle --help\n```",
        "```json\n{,}\n```",
        "```\nno language\n```",
        "para\n\n    indented = 1\n",
        "<!-- not run: reason -->\n\nWords between.\n\n```python\nassert False\n```",
        "<!-- not run: -->\n```python\nassert False\n```",
        "<!-- file: ../outside.py -->\n```python\nx = 1\n```",
        "```python\nimport socket\nsocket.create_connection(('example.org', 80))\n```",
        "```console\n$ python -c \"import socket; socket.create_connection(('example.org', 80))\"\n```",
    ],
)
def test_what_does_not_run_is_seen(text: str, folder: Path) -> None:
    with pytest.raises((AssertionError, ValueError, network.NetworkRefused)):
        run_page("wrong.md", text, folder)


def test_a_traceback_names_the_line_of_the_page(folder: Path) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        run_page("lines.md", "one\n\n```python\n\n1 / 0\n```", folder)
    assert caught.traceback[-1].lineno + 1 == 5
