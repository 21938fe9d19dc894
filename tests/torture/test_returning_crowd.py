"""A deploy of a server with 10,000 streams: all come back soon, and not all at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.support.runs_of_returning_crowds import replaced_server
from tests.support.servers import sqlite


def test_10_000_streams_are_back_within_30_seconds_and_others_are_answered_meanwhile(
    tmp_path: Path, report: Callable[[str], None]
) -> None:
    run = replaced_server(sqlite(tmp_path), 10_000)
    report(f"10,000 streams back after {run.seconds:.1f} s, requests p99 {run.p99_seconds * 1000:.0f} ms, {run.crowd}")
    assert run.exit_code == 0
    assert run.crowd.open == 10_000
    assert run.seconds <= 30
    assert run.p99_seconds <= 1
    assert (run.crowd.drained, run.crowd.overloaded, run.crowd.other_answers) == (10_000, 0, 0)
