"""The report in headless Chromium: no console message, no request over the network. Skipped where there is no Chromium."""

import json
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from doors import ALWAYS_FOUR, answer

from bridle.execution import Inline
from bridle.models import Scripted
from bridle.report.html import write_report
from bridle.synthesis import run as runs
from bridle.synthesis.budget import Limit
from bridle.synthesis.plan import Plan

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--no-default-browser-check",
    "--enable-logging=stderr",
]


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium, to look at the report as a person would")
def test_the_report_opens_without_a_console_message_or_a_request(tmp_path: Path) -> None:
    plan = Plan(environment="bridle.testing.toy:Doors", model="scripted", lanes=2, steps=20, limit=Limit(iterations=3))
    model = Scripted(lambda request: answer(ALWAYS_FOUR + f"\nX = {request.sample}\n"))
    runs.start(plan, tmp_path / "run", model=model, executor=Inline())
    page = write_report(tmp_path / "run").resolve()
    log = tmp_path / "net.json"
    done = subprocess.run(
        [
            str(CHROMIUM),
            *FLAGS,
            f"--user-data-dir={tmp_path / 'profile'}",
            f"--log-net-log={log}",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "The tree" in done.stdout
    assert "CONSOLE" not in done.stderr
    events = json.loads(log.read_text())["events"]
    asked = {event.get("params", {}).get("url", "") for event in events}
    # Chromium asks its own maker for updates and accounts, whatever it shows.
    hosts = {urlsplit(url).hostname or "" for url in asked if url.startswith(("http:", "https:", "ws:", "wss:"))}
    assert not {host for host in hosts if not host.endswith((".google.com", ".googleapis.com"))}
