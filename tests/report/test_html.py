"""The report: complete, by itself, and with nothing in it that was written by a model or an environment but as text."""

from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from doors import ALWAYS_FOUR, REACHABLE, answer
from hypothesis import given, settings
from hypothesis import strategies as st

from bridle.errors import Blame, Failure, JournalFault, UsageError
from bridle.execution import Inline
from bridle.journal import Journal
from bridle.models import Scripted
from bridle.report.html import render, write_report
from bridle.rollout import FailedStep
from bridle.synthesis import run as runs
from bridle.synthesis.budget import Limit
from bridle.synthesis.outcome import STOPS
from bridle.synthesis.plan import Plan
from bridle.synthesis.tree import Node, Tree
from nodes import NODES, evidence, node

VOID = ("meta", "link", "br", "line", "circle", "path", "polyline")


class Page(HTMLParser):
    """A page, read strictly."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags = Counter[str]()
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.addresses += [value or "" for name, value in attributes if name in ("href", "src", "action", "data")]
        self.ids += [value or "" for name, value in attributes if name == "id"]
        assert not any(name.startswith("on") for name, _ in attributes)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return "".join(self.words)


def record(*nodes: Node, **changes: Any) -> runs.Record:
    started = {
        "environment": {"name": "toy/doors", "contract": "text-action", "observation": "full", "players": 1},
        "model": "scripted",
        "sandbox": "L3",
        "prompts": ["refine-text-action@0123456789ab"],
        "versions": {"python": "3.11"},
    }
    return runs.Record(
        **{
            "folder": Path("runs/1"),
            "plan": Plan(environment="bridle.testing.toy:Doors"),
            "started": started,
            "tree": Tree(nodes),
            "stop": "target",
            "calls": 3,
            "in_doubt": 0,
            "seconds": 1.5,
            **changes,
        }
    )


ROOT = node(0, None, None, source="raise NotImplementedError\n")
HOSTILE = "</pre><script>alert('x')</script><img src=http://example.org/x onerror=y>&amp;{{ 7 * 7 }}"


def hostile(number: int) -> Node:
    failure = Failure(blame=Blame.HARNESS, kind=HOSTILE, message=HOSTILE)
    step = FailedStep(
        kind=HOSTILE, place=(0, 0, 0), player=0, observation=HOSTILE, action=HOSTILE, feedback=HOSTILE, failure=failure
    )
    found = replace(evidence(0.5, failures=(step,)), endings={HOSTILE: 1})
    return node(number, 0.5, source=f"# {HOSTILE}\nx = '{HOSTILE}'\n", scope=(HOSTILE,), prompt=HOSTILE, evidence=found)


def test_what_others_wrote_is_text() -> None:
    found = record(ROOT, hostile(1), node(2, status="unusable", evidence=None, reason=HOSTILE))
    found.started["model"] = found.started["environment"]["name"] = HOSTILE
    page = Page(render(found))
    assert not page.tags.keys() & {"script", "img", "iframe", "object", "embed", "form"}
    assert "{{ 7 * 7 }}" in page.text
    assert page.text.count("alert('x')") > 8


def test_the_page_needs_nothing_else_and_its_links_lead_somewhere() -> None:
    page = Page(render(record(ROOT, node(1, 0.5), hostile(2))))
    links = [address for address in page.addresses if address != "data:,"]
    assert {link[1:] for link in links} == {*page.ids} == {"node-0", "node-1", "node-2"}
    assert all(link.startswith("#") for link in links)


def test_the_rules_of_a_harness_stand_before_its_code_as_it_says_them() -> None:
    source = (
        f'RULES = {{"open": "A door is opened once.", "hostile": {HOSTILE!r}}}\n'
        "# open: c-11111111, c-22222222 and 3 more. Refuses 0 of 9 accepted calls.\nx = 1\n"
    )
    found = render(record(ROOT, node(1, 0.5, source=source)))
    page = Page(found)
    assert "A door is opened once." in page.text
    assert "5 counterexamples. Refuses 0 of 9 accepted calls." in page.text
    assert "script" not in page.tags
    assert found.index("Its rules") < found.index("The best harness")
    assert "Its rules" not in render(record(ROOT, node(1, 0.5)))


@settings(max_examples=40)
@given(st.lists(NODES, max_size=6), st.sampled_from([*STOPS, None, "a reason of a later release"]))
def test_every_record_renders(nodes: list[Node], stop: str | None) -> None:
    lined = [
        replace(one, id=n, parent=n - 1, status=one.status if one.status != "root" else "measured")
        for n, one in enumerate(nodes, 1)
    ]
    lined = [replace(one, evidence=whole(one)) for one in lined]
    page = Page(render(record(ROOT, *lined, stop=stop)))
    assert page.tags["details"] > len(lined)
    assert page.tags["svg"] == 2


def whole(one: Node) -> Any:
    """The node's evidence with all the figures that a measurement has."""
    return replace(one.evidence, counts=evidence(0.0).counts) if one.evidence is not None else None


def test_the_figures_are_there() -> None:
    step = FailedStep(
        kind="illegal-accepted", place=(0, 0, 0), player=0, observation="A row.", action="[open 4]", feedback="No."
    )
    better = node(
        2,
        0.99,
        1,
        source="def f():\n    return 2\n",
        evidence=evidence(0.99, failures=(step, step)),
        spent={"tokens": 1234.0, "usd": 0.25, "steps": 990.0},
    )
    text = Page(
        render(
            record(
                ROOT,
                node(1, 0.5, source="def f():\n    return 1\n"),
                better,
                node(3, status="duplicate", evidence=None, same_as=2),
            )
        )
    ).text
    for words in (
        "Stopped: the target was reached.",
        "H = 0.9900 (990 of 1000 legal, 1000 planned)",
        "the same program as node 2",
        "2 × your propose_action returned an illegal action, and your is_legal_action accepted it",
        "What the environment said",
        "-    return 1",
        "+    return 2",
        "1,234",
        "$0.2500",
        "refine-text-action@0123456789ab",
    ):
        assert words in text


def test_what_is_unknown_is_said_and_never_nothing() -> None:
    unknown = node(1, 0.5, spent={"unknown_usage": 2.0, "unknown_price": 1.0})
    text = Page(render(record(ROOT, unknown, in_doubt=1, stop=None))).text
    for words in ("unknown for 2 calls", "unknown for 1 calls", "3, 1 of them in doubt", "it can be resumed"):
        assert words in text


def test_a_run_that_has_measured_nothing_is_said_in_a_sentence() -> None:
    with pytest.raises(UsageError, match="measured nothing yet"):
        render(record())


def test_a_runs_report_is_written_into_its_folder_and_reads_like_its_tree(tmp_path: Path) -> None:
    plan = Plan(environment="bridle.testing.toy:Doors", model="scripted", lanes=2, steps=20, limit=Limit(iterations=2))
    model = Scripted([answer(ALWAYS_FOUR), answer(REACHABLE)])
    outcome = runs.start(plan, tmp_path / "run", model=model, executor=Inline())
    path = write_report(tmp_path / "run")
    assert path.parent == tmp_path / "run"
    page = Page(path.read_text("utf-8"))
    assert STOPS[outcome.stop] in page.text
    assert f"best H, node {outcome.best.id}" in page.text
    assert page.ids == ["node-0", "node-1", "node-2"]
    path.unlink()
    path.mkdir()
    with pytest.raises(UsageError, match="can't be written"):
        write_report(tmp_path / "run")


def test_what_is_no_run_is_said(tmp_path: Path) -> None:
    with pytest.raises(JournalFault, match="There is no journal"):
        write_report(tmp_path)
    Journal(tmp_path / runs.JOURNAL).close()
    with pytest.raises(JournalFault, match="no beginning"):
        write_report(tmp_path)
