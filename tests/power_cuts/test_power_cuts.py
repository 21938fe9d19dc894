"""After any power cut the real server serves every event that it had acknowledged, or says openly that it cannot."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from random import Random

import pytest

from app.stores.sqlite.store import SqliteStore
from tests.events.logs import run
from tests.power_cuts.disk import SURVIVORS, Disk, Write, beginning, read_record, sectors_of
from tests.power_cuts.recording import DATABASE, Recording, record_run
from tests.power_cuts.restart import Verdict, cuts, judge_restart, write_files
from tests.stores.opened import ids, opening

EVENTS = 1_800  # enough for SQLite to write its WAL back into the database
CUTS = 7
WAL_HEADER_BYTES = 32  # https://www.sqlite.org/fileformat2.html#walformat
SECTOR_BYTES = 4096  # the largest that is in use


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return record_run(tmp_path_factory.mktemp("recorded"), EVENTS, seed=1)


def judged(
    recording: Recording, folder: Path, count: int, seed: int, *, destroys_sector: bool = False
) -> Iterator[Verdict]:
    random = Random(seed)
    every_cut = cuts(recording, count, random, destroys_sector=destroys_sector)
    return (judge_restart(cut, folder / str(number)) for number, cut in enumerate(every_cut))


async def stored_ids(path: Path) -> list[str]:
    async with opening(SqliteStore(path)) as log:
        return ids(await log.events())


def faults(verdicts: list[Verdict]) -> list[tuple[str, str]]:
    return [(repr(verdict.cut), fault) for verdict in verdicts for fault in verdict.faults]


def test_nothing_that_was_acknowledged_is_lost_by_a_power_cut(recording: Recording, tmp_path: Path) -> None:
    verdicts = list(judged(recording, tmp_path, CUTS, seed=2))
    assert faults(verdicts) == []
    assert [verdict.output for verdict in verdicts if verdict.is_refused] == []
    assert [verdict.cut for verdict in verdicts if verdict.has_gap] == []


def test_nothing_that_was_acknowledged_is_lost_with_a_destroyed_sector(recording: Recording, tmp_path: Path) -> None:
    verdicts = list(judged(recording, tmp_path, CUTS, seed=3, destroys_sector=True))
    assert faults(verdicts) == []
    assert [verdict.output for verdict in verdicts if verdict.is_refused or verdict.has_gap] == []


def test_no_write_to_the_wal_file_begins_in_a_sector_with_synced_frames(recording: Recording) -> None:
    """So a disk that destroys the sector which it was writing, destroys nothing that was acknowledged."""
    writes, synced_end, end = 0, 0, 0
    for change in recording.changes:
        if not change.path.endswith("-wal"):
            continue
        if change.kind == "s":
            synced_end = end
        elif change.kind == "w" and change.offset == 0:  # all frames are in the database, and the file starts anew
            synced_end = end = 0
        elif change.kind == "w":
            writes += 1
            assert synced_end <= WAL_HEADER_BYTES or change.offset // SECTOR_BYTES * SECTOR_BYTES >= synced_end, change[
                :4
            ]
            end = change.offset + len(change.payload)
    assert writes > EVENTS // 6


def test_power_cut_in_the_very_first_start_does_not_prevent_the_next(recording: Recording, tmp_path: Path) -> None:
    first_event = recording.acknowledged[0].monotonic_ns
    created = next(n for n, change in enumerate(recording.changes) if change.path.endswith("-wal"))
    assert recording.changes[created].monotonic_ns < first_event
    random, disk = Random(8), Disk()
    for number, change in enumerate(recording.changes[: created + 2]):
        disk.change(change)
        for kind, survivors in SURVIVORS.items():
            folder = tmp_path / f"{number}-{kind}"
            write_files(folder, disk.cut(survivors, random))
            assert run(stored_ids(folder / DATABASE)) == [], folder


def test_failing_syncs_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    recording = record_run(tmp_path / "recorded", EVENTS // 3, seed=4, fail_syncs=50)
    assert recording.refused > 0
    verdicts = list(judged(recording, tmp_path, CUTS // 2, seed=5))
    assert faults(verdicts) == []
    assert [verdict.output for verdict in verdicts if verdict.is_refused] == []


def test_server_that_acknowledges_before_the_disk_does_is_found(tmp_path: Path) -> None:
    recording = record_run(tmp_path / "recorded", EVENTS // 3, seed=6, module="tests.power_cuts.hasty_server")
    assert any(verdict.has_gap or verdict.faults for verdict in judged(recording, tmp_path, CUTS, seed=7))


def test_change_that_is_recorded_in_part_is_left_out(tmp_path: Path) -> None:
    whole, part = tmp_path / "whole", tmp_path / "part"
    entries = [
        struct.pack("<BQQII", ord("w"), 7, 0, 5, len(text)) + b"/disk" + text for text in (b"one", b"", b"three")
    ]
    whole.write_bytes(b"".join(entries))
    ends = list(accumulate(len(entry) for entry in entries))
    assert len(read_record(whole)) == 3
    for size in range(ends[-1]):
        part.write_bytes(whole.read_bytes()[:size])
        assert read_record(part) == read_record(whole)[: bisect_right(ends, size)]


def test_sectors_of_a_write_survive_alone() -> None:
    kept = {part for seed in range(50) for part in sectors_of(4)([Write(2, b"abcdefgh")], Random(seed))}
    assert kept == {Write(2, b"ab"), Write(4, b"cdef"), Write(8, b"gh")}


def test_beginning_keeps_the_order_and_may_tear_the_last_write() -> None:
    pending = [Write(0, b"abc"), Write(3, b"def")]
    kept = {tuple(beginning(pending, Random(seed))) for seed in range(100)}
    assert (Write(0, b"abc"), Write(3, b"d")) in kept
    assert (Write(0, b"ab"),) in kept
    assert {first for first, *_ in kept} <= {Write(0, b"abc"[:size]) for size in range(4)}
