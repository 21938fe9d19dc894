"""After any power cut the real server serves every event that it had acknowledged, or says openly that it cannot."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.power_cuts.disk import Write, beginning, sectors_of
from tests.power_cuts.recording import Recording, record_run
from tests.power_cuts.restart import Verdict, cuts, judge_restart

EVENTS = 1_800  # enough for SQLite to write its WAL back into the database
CUTS = 7


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return record_run(tmp_path_factory.mktemp("recorded"), EVENTS, seed=1)


def judged(
    recording: Recording, folder: Path, count: int, seed: int, *, destroys_sector: bool = False
) -> list[Verdict]:
    random = Random(seed)
    every_cut = cuts(recording, count, random, destroys_sector=destroys_sector)
    return [judge_restart(cut, folder / str(number)) for number, cut in enumerate(every_cut)]


def faults(verdicts: list[Verdict]) -> list[tuple[str, str]]:
    return [(repr(verdict.cut), fault) for verdict in verdicts for fault in verdict.faults]


def test_nothing_that_was_acknowledged_is_lost_by_a_power_cut(recording: Recording, tmp_path: Path) -> None:
    verdicts = judged(recording, tmp_path, CUTS, seed=2)
    assert faults(verdicts) == []
    assert [verdict.output for verdict in verdicts if verdict.is_refused] == []
    assert [verdict.cut for verdict in verdicts if verdict.has_gap] == []


def test_destroyed_sector_is_never_a_silent_loss(recording: Recording, tmp_path: Path) -> None:
    verdicts = judged(recording, tmp_path, CUTS, seed=3, destroys_sector=True)
    assert faults(verdicts) == []
    for verdict in verdicts:
        assert not verdict.is_refused or len(verdict.output.strip().splitlines()) == 2, verdict.output


def test_failing_syncs_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    recording = record_run(tmp_path / "recorded", EVENTS // 3, seed=4, fail_syncs=50)
    assert recording.refused > 0
    verdicts = judged(recording, tmp_path, CUTS // 2, seed=5)
    assert faults(verdicts) == []
    assert [verdict.output for verdict in verdicts if verdict.is_refused] == []


def test_server_that_acknowledges_before_the_disk_does_is_found(tmp_path: Path) -> None:
    recording = record_run(tmp_path / "recorded", EVENTS // 3, seed=6, module="tests.power_cuts.hasty_server")
    verdicts = judged(recording, tmp_path, CUTS, seed=7)
    assert any(verdict.has_gap or verdict.faults for verdict in verdicts)


def test_sectors_of_a_write_survive_alone() -> None:
    kept = {part for seed in range(50) for part in sectors_of(4)([Write(2, b"abcdefgh")], Random(seed))}
    assert kept == {Write(2, b"ab"), Write(4, b"cdef"), Write(8, b"gh")}


def test_beginning_keeps_the_order_and_may_tear_the_last_write() -> None:
    pending = [Write(0, b"abc"), Write(3, b"def")]
    kept = {tuple(beginning(pending, Random(seed))) for seed in range(100)}
    assert (Write(0, b"abc"), Write(3, b"d")) in kept
    assert (Write(0, b"ab"),) in kept
    assert {first for first, *_ in kept} <= {Write(0, b"abc"[:size]) for size in range(4)}
