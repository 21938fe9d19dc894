"""Our clients, and the programs of the page Clients, pass a few scenarios here; tests/torture has them all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rehearse.documented_programs import LANGUAGES, documented, mirror
from tests.rehearse.own_consumers import node_client, python_client
from tests.rehearse.rehearsing import found, rehearse

FEW = (
    "cut-in-event",
    "status-503",
    "proxy-page",
    "closing-end",
    "closing-overloaded",
    "gap-foreign",
    "unknown-event",
    "sent-again",
)


async def test_our_clients_pass(tmp_path: Path) -> None:
    commands = {"python": python_client(), "node": node_client(tmp_path)}
    played = [(command, name) for command in commands.values() for name in FEW]
    assert [found(each) for each in await rehearse(played)] == [""] * len(played)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_program_of_the_documentation_passes(language: str, tmp_path: Path) -> None:
    command = documented(language, tmp_path)
    results = await rehearse([(command, name) for name in FEW[:3]])
    assert [found(each) for each in results] == [""] * 3


async def test_mirror_of_the_python_readme_passes(tmp_path: Path) -> None:
    names = ("next-major", "cut-in-event", "sent-again")
    command = mirror(tmp_path)
    results = await rehearse([(command, name) for name in names])
    assert [found(each) for each in results] == [""] * len(names)
