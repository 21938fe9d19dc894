"""The runs of the Python client, at full size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import TypeAlias

import pytest

from tests.client.client_scenarios import read_slowly, read_through, read_through_kills
from tests.client.cutting_proxy import CuttingProxy
from tests.client.readers import draws, readers_of
from tests.documents.mirror import mirrored_through_kills
from tests.support.servers import sqlite, start_server

Report: TypeAlias = Callable[[str], None]


@pytest.mark.parametrize(
    ("arguments", "most_bytes"), [(("--compression", "off"), 40_000), ((), 3_000)], ids=["plain", "compressed"]
)
async def test_30_readers_on_connections_that_break_read_everything_once_in_order(
    arguments: tuple[str, ...], most_bytes: int, tmp_path: Path, report: Report
) -> None:
    random = Random(201)
    with (
        start_server(sqlite(tmp_path), *arguments) as server,
        CuttingProxy(server.port, draws(random, 1, most_bytes)) as proxy,
    ):
        readers = readers_of(proxy.url, 30, seed=202, most_events=2000)
        await read_through(proxy, server.events_url, readers, events=20_000, seed=203)
    report(f"30 readers, {proxy.broken} connections broken, {sum(each.events for each in readers)} events, no fault")
    assert proxy.broken > 500


async def test_30_kills_of_the_server_lose_nothing_for_its_readers(tmp_path: Path, report: Report) -> None:
    ledger = await read_through_kills(sqlite(tmp_path), kills=30, readers=12, seed=204)
    report(f"30 kills, {len(ledger.acknowledged)} events acknowledged, no fault")


async def test_mirror_holds_every_event_once_through_60_kills(tmp_path: Path, report: Report) -> None:
    outcome = await mirrored_through_kills(tmp_path, rounds=48, seed=205)
    report(
        f"{outcome.events} events in the mirror after {outcome.server_kills} kills of the server and "
        f"{outcome.mirror_kills} of the mirror, each once, in order"
    )


async def test_readers_that_stop_for_50000_events_get_them_all(tmp_path: Path) -> None:
    readers = await read_slowly(sqlite(tmp_path), (), kept=50_000, gaps=[])
    assert [reader.log.gaps for reader in readers] == [[]] * len(readers)
