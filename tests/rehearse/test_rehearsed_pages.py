"""The dashboard, and the web page of the README, pass a few scenarios in Chromium; without Chromium the test is skipped."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.browser.chromium import find_chromium
from tests.rehearse.documented_programs import web_page
from tests.rehearse.rehearsing import ROOT, Played, found, rehearse

DASHBOARD = ("cut-in-event", "status-503", "status-204", "gap-foreign")
PLAIN_EVENT_SOURCE = ("status-204", "gap-foreign")  # the browser itself gives up at a 503


async def test_pages_pass(tmp_path: Path) -> None:
    example = tmp_path / "example.html"
    example.write_text(web_page())
    played: list[Played] = [(_showing(), name) for name in DASHBOARD]
    played += [(_showing(str(example)), name) for name in PLAIN_EVENT_SOURCE]
    results = await rehearse(played, jobs=2)
    assert [found(each) for each in results] == [""] * len(played)


def _showing(*file: str) -> tuple[str, ...]:
    script = str(Path(__file__).with_name("shown_page.py"))
    return ("env", f"PYTHONPATH={ROOT}", sys.executable, script, find_chromium(), *file)
