"""An upgrade of an older log that is killed or loses power is done wholly or not at all."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random
from typing import TypeAlias

import pytest

from app.stores.sqlite.file.format import FORMAT
from tests.power_cuts.interrupted_upgrade import WRITERS, open_interrupted, record_upgrade
from tests.power_cuts.recording import Recording
from tests.power_cuts.restart import cuts, judge_restart

EVENTS = 3_000
CUTS = 20
STARTS = 5  # of the real server: one for each kind of survivors; one of them is the kill -9

Recorded: TypeAlias = Callable[[int], Recording]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """The record of an upgrade from a format, made once."""
    return cache(lambda older: record_upgrade(tmp_path_factory.mktemp("recorded"), EVENTS, older))


@pytest.mark.parametrize("older", WRITERS)
@pytest.mark.parametrize("destroys_sector", [False, True])
def test_interrupted_upgrade_leaves_the_older_log_or_the_newer_one(
    recorded: Recorded, tmp_path: Path, older: int, *, destroys_sector: bool
) -> None:
    recording = recorded(older)
    every_cut = cuts(recording, CUTS, Random(1), destroys_sector=destroys_sector)
    found = {open_interrupted(recording, cut, tmp_path / str(number)) for number, cut in enumerate(every_cut)}
    assert found == {older, FORMAT}


def test_server_started_after_an_interrupted_upgrade_serves_every_event(recorded: Recorded, tmp_path: Path) -> None:
    for number, cut in enumerate(cuts(recorded(2), STARTS, Random(2))):
        verdict = judge_restart(cut, tmp_path / str(number))
        assert (verdict.faults, verdict.is_refused, verdict.has_gap) == ([], False, False), (cut, verdict.output)
