"""The suite's runs of many subscribers, at full size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from tests.support.checker import Ledger
from tests.support.publishers import counted
from tests.support.runs_of_crowds import come_and_go, join_and_leave
from tests.support.runs_of_slow_readers import overtaken_by_retention, slow_readers
from tests.support.runs_with_restarts import drained_and_restarted, kill_rounds
from tests.support.servers import sqlite, start_on_stored, start_server

MEGABYTE = 1024 * 1024

Report: TypeAlias = Callable[[str], None]


async def test_200_subscribers_that_come_and_go_at_full_speed_read_everything_once_in_order(
    tmp_path: Path, report: Report
) -> None:
    ledger = Ledger()
    with start_on_stored(sqlite(tmp_path), counted(100, 10_000), ledger) as server:
        scenario = come_and_go(
            server.events_url,
            ledger,
            subscribers=200,
            publishers=8,
            events=20_000,
            most_frames=1000,
            most_events=50,
            seed=101,
        )
        readers = await scenario
    connections = sum(reader.connections for reader in readers)
    delivered = sum(len(reader.log.entries) for reader in readers)
    report(f"{len(readers)} subscribers, {connections} connections, {delivered} events delivered, no fault")


async def test_50_kills_while_publishing_lose_nothing_that_was_acknowledged(tmp_path: Path, report: Report) -> None:
    outcome = await kill_rounds(sqlite(tmp_path), rounds=50, subscribers=20, publishers=6, seed=102)
    report(
        f"50 kills: {outcome.acknowledged} events acknowledged, {outcome.unanswered} requests without an answer, "
        f"{outcome.duplicates} found stored when sent again, {outcome.cuts} streams cut, no fault"
    )
    assert outcome.unanswered > 50
    assert outcome.cuts > 100


async def test_200_subscribers_that_join_and_leave_at_the_head_miss_nothing(tmp_path: Path) -> None:
    with start_server(sqlite(tmp_path)) as server:
        await join_and_leave(server.events_url, subscribers=200, publishers=2, seed=103)


async def test_terminated_server_with_200_streams_ends_each_cleanly(tmp_path: Path, report: Report) -> None:
    outcome = await drained_and_restarted(sqlite(tmp_path), subscribers=200, publishers=4, stored=12_000, seed=104)
    report(f"drained 200 streams in {outcome.seconds:.1f} s")
    assert outcome.exit_code == 0
    assert outcome.seconds < 10
    assert sum(reader.cuts for reader in outcome.readers) == 0


async def test_50_slow_readers_cost_bounded_memory_and_get_everything_later(tmp_path: Path, report: Report) -> None:
    outcome = await slow_readers(sqlite(tmp_path), slow=50, events=50_000, seed=105)
    report(
        f"50 stalled readers, {outcome.published_bytes / MEGABYTE:.0f} MB: memory +{outcome.growth_bytes / MEGABYTE:.0f} MB"
    )
    assert outcome.growth_bytes < 64 * MEGABYTE


async def test_readers_overtaken_by_retention_get_every_gap(tmp_path: Path) -> None:
    readers = await overtaken_by_retention(sqlite(tmp_path), subscribers=30, kept=30_000, seed=106)
    assert all({gap.reason for gap in reader.log.gaps} == {"expired"} for reader in readers)
    assert {(reader.connections, reader.cuts) for reader in readers} == {(1, 0)}
