"""The dashboard, and the web page of the README, pass a few scenarios in Chromium; tests/torture has them all."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.browser.chromium import find_chromium
from tests.rehearse.documented_programs import web_page
from tests.rehearse.rehearsing import ROOT, Played, found, rehearse

DASHBOARD = ("cut-in-event", "status-503", "status-204", "gap-foreign")
PLAIN_EVENT_SOURCE = ("closing-end", "gap-foreign")


async def test_pages_pass(tmp_path: Path) -> None:
    played: list[Played] = [(showing(), name) for name in DASHBOARD]
    played += [(showing(example_page(tmp_path)), name) for name in PLAIN_EVENT_SOURCE]
    results = await rehearse(played, jobs=2)
    assert [found(each) for each in results] == [""] * len(played)


def example_page(folder: Path) -> str:
    """Write the page of the README to a folder, and return its path."""
    example = folder / "example.html"
    example.write_text(web_page())
    return str(example)


def showing(*file: str) -> tuple[str, ...]:
    """Return the command of a browser that shows the dashboard, or the page in a file."""
    script = str(Path(__file__).with_name("shown_page.py"))
    return ("env", f"PYTHONPATH={ROOT}", sys.executable, script, find_chromium(), *file)
