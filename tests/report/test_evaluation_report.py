"""The report and the tables of an evaluation, made from a scorecard alone."""

import csv
import io
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from bridle.report.evaluation import render
from bridle.report.evaluation_plots import amounts, marks
from bridle.report.evaluation_table import as_csv, figure, flag_rows, remarks, rows

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FIGURE = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 90}
EVIL = "<script>alert(1)</script>"


def card(**changed: Any) -> dict[str, Any]:
    """A scorecard of two conditions, with hostile names."""
    names = {"simulated-small, no harness": "none", f"simulated-small, {EVIL}": "verifier"}
    figures = {
        name: {
            "completion": FIGURE | {"value": 0.5 + n / 4, "low": 0.4 + n / 4, "high": 0.6 + n / 4},
            "false acceptance": FIGURE | {"value": 1.0 - n, "low": 0.9 - 0.9 * n, "high": 1.0 - 0.9 * n},
            "model calls an episode": FIGURE | {"value": 12.0 + n, "low": 11.0, "high": 14.0},
            "US$ an episode": None,
            "gain in completion": FIGURE if n else None,
            "tokens an episode": None,
        }
        for n, name in enumerate(names)
    }
    lost = [{"step": 0, "reached": 9, "setbacks": 0, "lost": 1, "share": 0.1}]
    lost.append({"step": 3, "reached": 8, "setbacks": 4, "lost": 3, "share": 0.4})
    test = {"only_with": 9, "only_without": 1, "p": 0.02, "holm": 0.04, "e": 7.0, "not_worse": True}
    flag = {"name": "refuses what is wanted", "figure": EVIL, "threshold": "above 0.05", "meaning": "It blocks work."}
    return {
        "environment": "enterprise/expense",
        "policy": "strict",
        "seed": 0,
        "fresh": True,
        "slices": {"nominal": {"environment": "enterprise/expense", "split": "sealed", "offset": 7, "count": 90}},
        "lacking": {"mutated": "it has no variants."},
        "conditions": {
            name: {"name": name, "agent": "simulated:small", "manner": manner, "harness": None, "simulated": True}
            for name, manner in names.items()
        },
        "figures": {"nominal": figures},
        "tests": {"nominal": {name: test if manner == "verifier" else None for name, manner in names.items()}},
        "funnel": {"nominal": dict.fromkeys(names, lost)},
        "changes": {"nominal": {name: {"renamed": {"completed": 1, "episodes": 2}} for name in names}},
        "templates": {f"simulated-small, {EVIL}": {"approve/travel": 0.5, "pay/meals": -0.25, "file/meals": 0.0}},
        "harnesses": {
            EVIL: {
                "digest": "d" * 64,
                "made": "generated",
                "rules": 3,
                "never_exercised": [EVIL],
                "exercised": {},
                "never_let_through": [],
                "failures": {},
                "flags": [flag],
                "synthesis": {"calls": 3, "tokens": None, "usd": None},
                "decisions_until_paid": {"calls": 7, "tokens": None, "usd": None},
                "acts_alone": False,
            }
        },
        "unplayed": {"nominal": dict.fromkeys(names, 2)},
        "floor": {"nominal": {"wrong": 1, "asked": 10, "repeated": 4}},
        "unseen": {"nominal": {"shared": 0, "sealed": 90, "open": 1000, "templates_shared": [], "templates": 9}},
        "looks": {"all": 3, "here": 2},
        "times": {
            "cells_seconds": 1.0,
            "review_latency": {EVIL: {"p50": 0.0002, "p99": 0.001, "n": 200}},
            "model_latency": dict.fromkeys(names),
        },
    } | changed


class Page(HTMLParser):
    """Collects tags with their attributes, and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_report_needs_nothing_else_and_runs_nothing() -> None:
    text = render(card())
    page = Page(text)
    assert not {tag for tag, _ in page.tags} & {"script", "iframe", "img", "object", "embed", "form"}
    assert {a["rel"] for tag, a in page.tags if tag == "link"} == {"icon"}
    assert all(not (a.get("src") or "") for _, a in page.tags)
    assert "url(" not in text
    assert "http:" not in text.replace("http://www.w3.org", "")
    assert page.text.count(EVIL) >= 3


def test_what_is_simulated_says_so() -> None:
    page = Page(render(card()))
    assert "The agents are simulated: no model is in them." in page.text
    assert all("simulated" in name for name in card()["conditions"])
    assert any("no model proposed anything" in remark for remark in remarks(card()))


def test_every_plot_is_there_and_every_mark_in_it() -> None:
    text = render(card())
    labels = re.findall(r'class="plot"[^>]*aria-label="([^"]+)"', text)
    assert labels == [
        "completion against false acceptance",
        "completion against model calls an episode",
        "Success lost at each step",
        "Differences per template of scenarios",
    ]
    coordinates = [float(number) for number in re.findall(r' (?:cx|cy|x1|x2|y1|y2|x|y)="(-?[0-9.]+)"', text)]
    assert coordinates
    assert all(-1 <= number <= 640 for number in coordinates)


def test_money_is_preferred_to_calls_where_it_is_known() -> None:
    priced = card()
    for of in priced["figures"]["nominal"].values():
        of["US$ an episode"] = FIGURE
    assert "completion against US$ an episode" in render(priced)


def test_a_scorecard_without_any_figure_is_rendered_too() -> None:
    nothing = card(harnesses={}, templates={}, looks=None, unseen={}, floor={"nominal": None})
    nothing["figures"]["nominal"] = {name: dict.fromkeys(of) for name, of in nothing["figures"]["nominal"].items()}
    nothing["funnel"]["nominal"] = {name: [] for name in nothing["conditions"]}
    page = Page(render(nothing))
    assert "None was raised." in page.text
    assert not [a for tag, a in page.tags if a.get("class") == "plot"]


def test_figures_have_their_interval_and_n_or_no_data() -> None:
    assert figure(FIGURE) == "0.500 [0.400, 0.600] n=90"
    assert figure(FIGURE | {"value": 12.0, "high": 13.0}) == "12.00 [0.40, 13.00] n=90"
    assert figure(None) == "no data"
    told = rows(card(), "nominal")
    assert [row[0] for row in told] == [
        "completion",
        "false acceptance",
        "model calls an episode",
        "gain in completion",
    ]
    assert told[-1][1] == "no data"
    assert [row[0] for row in rows(card(), "nominal", only=["completion"])] == ["completion"]


def test_the_spreadsheet_has_a_row_for_every_figure() -> None:
    read = list(csv.DictReader(io.StringIO(as_csv(card()))))
    assert len(read) == 12
    assert {row["simulated"] for row in read} == {"simulated"}
    assert [row["value"] for row in read if row["metric"] == "US$ an episode"] == ["", ""]
    assert {row["n"] for row in read if row["metric"] == "completion"} == {"90"}


def test_what_has_to_be_said_is_said() -> None:
    told = "\n".join(remarks(card()))
    assert "look 3 at this environment's sealed split, 2 of them at some of these scenarios. They were drawn" in told
    assert "0 of 90 starts (≤ 4.09%)" in told
    assert "1 wrong of 10 questions" in told
    assert "2 scenarios were not played to their end" in told
    assert "No slice mutated: it has no variants." in told
    assert flag_rows(card())[0][1] == "refuses what is wanted"


def test_axes_are_round() -> None:
    axis = amounts(5.97, 9.37, "calls")
    assert (axis.low, axis.high) == (5.0, 9.5)
    assert axis.low <= 5.97
    assert axis.high >= 9.37
    assert amounts(0.0, 0.00034, "US$").ticks[1] == pytest.approx(0.00005)
    assert amounts(3.0, 3.0, "calls").high > 3.0


def test_marks_tell_agents_and_manners_apart() -> None:
    found = marks(
        {
            "a": {"agent": "simulated:small", "manner": "none"},
            "b": {"agent": "simulated:large", "manner": "none"},
            "c": {"agent": "simulated:small", "manner": "alone"},
        }
    )
    assert [(mark.number, mark.shape) for mark in found.values()] == [(1, "circle"), (2, "square"), (3, "diamond")]


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium, to look at the report as a person would")
def test_the_report_opens_without_a_console_message(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text(render(card()), "utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--enable-logging=stderr"]
    done = subprocess.run(
        [str(CHROMIUM), *flags, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "False acceptance against completion" in done.stdout
    assert "CONSOLE" not in done.stderr
