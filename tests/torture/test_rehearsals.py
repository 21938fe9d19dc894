"""Every scenario of a rehearsal, with each of our clients and each program of the page Clients."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rehearse.documented_programs import LANGUAGES, documented
from tests.rehearse.own_consumers import node_client, python_client
from tests.rehearse.rehearsing import found, names, node_consumer, python_consumer, rehearse

DOCUMENTED_SILENCE_SECONDS = 45.0  # of the clients; the programs without one wait for 30


async def test_clients_and_good_consumers_pass_everything(tmp_path: Path) -> None:
    commands = (python_client(), node_client(tmp_path), python_consumer("none"), node_consumer("none"))
    played = [(command, name) for command in commands for name in await names()]
    assert [found(each) for each in await rehearse(played, jobs=4)] == [""] * len(played)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_program_of_the_documentation_passes_everything(language: str, tmp_path: Path) -> None:
    command = documented(language, tmp_path)
    played = [(command, name) for name in await names()]
    results = await rehearse(played, jobs=4, silence_seconds=DOCUMENTED_SILENCE_SECONDS)
    assert [found(each) for each in results] == [""] * len(played)
