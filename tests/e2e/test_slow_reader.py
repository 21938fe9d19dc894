"""A reader that stops reading costs the server little, delays no other reader, and gets everything once it reads again."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.runs_of_slow_readers import slow_readers
from tests.support.servers import sqlite

MEGABYTE = 1024 * 1024


@pytest.mark.skipif(sys.platform != "linux", reason="the server's memory is read from /proc")
async def test_slow_readers_cost_bounded_memory_and_get_everything_later(tmp_path: Path) -> None:
    report = await slow_readers(sqlite(tmp_path), slow=6, events=14_000, seed=31)
    # With a queue for each of them, the server would hold what the kernel does not take: half of the events, for each.
    assert report.published_bytes > 7 * MEGABYTE
    assert report.growth_bytes < 20 * MEGABYTE
    assert report.seen_by_others_meanwhile == report.published_meanwhile
    assert all(reader.log.gaps == [] for reader in report.readers)
