"""Every scenario of a rehearsal, with each of our clients, the dashboard, and each program of the page Clients and of the README."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.rehearse.observed.watch import Patience
from tests.rehearse.documented_programs import LANGUAGES, documented
from tests.rehearse.own_consumers import node_client, python_client
from tests.rehearse.rehearsing import (
    found,
    limited_consumer,
    names,
    node_consumer,
    page_consumer,
    python_consumer,
    rehearse,
    stored_consumer,
)
from tests.rehearse.test_rehearsed_pages import example_page, showing

DOCUMENTED = Patience(silence_seconds=45.0)  # of the clients; the programs without one wait for 30
BEYOND_AN_EVENT_SOURCE = {
    "silence",
    "status-500",
    "status-503",
    "status-429",
    "proxy-page",
}  # it never notices, or gives up


async def test_clients_and_good_consumers_pass_everything(tmp_path: Path) -> None:
    commands = (python_client(), node_client(tmp_path), python_consumer("none"), node_consumer("none"))
    played = [(command, name) for command in commands for name in await names()]
    assert [found(each) for each in await rehearse(played, jobs=4)] == [""] * len(played)


async def test_consumers_that_read_a_part_at_a_time_pass_everything() -> None:
    commands = (page_consumer("none"), stored_consumer("none"), limited_consumer("none"))
    played = [(command, name) for command in commands for name in await names() if name != "burst"]
    assert [found(each) for each in await rehearse(played, jobs=4)] == [""] * len(played)


async def test_dashboard_passes_everything() -> None:
    played = [(showing(), name) for name in await names()]
    results = await rehearse(played, jobs=2, patience=DOCUMENTED)
    assert [found(each) for each in results] == [""] * len(played)


async def test_page_of_the_readme_passes_what_its_event_source_can(tmp_path: Path) -> None:
    page = showing(example_page(tmp_path))
    played = [(page, name) for name in await names() if name not in BEYOND_AN_EVENT_SOURCE]
    assert [found(each) for each in await rehearse(played, jobs=2)] == [""] * len(played)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_program_of_the_documentation_passes_everything(language: str, tmp_path: Path) -> None:
    command = documented(language, tmp_path)
    played = [(command, name) for name in await names()]
    results = await rehearse(played, jobs=4, patience=DOCUMENTED)
    assert [found(each) for each in results] == [""] * len(played)
