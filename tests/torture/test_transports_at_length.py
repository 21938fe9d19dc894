"""The suite's readers that change the transport, at full size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

pytest.importorskip("grpc_reflection")

from tests.support.foreign_streams import TRANSPORTS
from tests.support.hopping_reader import Faults
from tests.support.runs_across_transports import follow_across_transports
from tests.support.servers import sqlite
from tests.support.shop_orders import mixed_orders

Report: TypeAlias = Callable[[str], None]


def test_20000_events_read_over_one_transport_after_another_are_those_that_were_acknowledged(
    tmp_path: Path, report: Report
) -> None:
    events = mixed_orders(20_000, seed=301)
    outcome = follow_across_transports(sqlite(tmp_path), events, restarts=40, most_events=400, lead=600, seed=302)
    report(f"{outcome.events} events, 20 kills, 20 drains; readers changed the transport {outcome.hops.total()} times")
    for name in TRANSPORTS:
        ends = ", ".join(f"{outcome.endings[name, how]} {how}" for how in ("left", "ended", "cut", "refused"))
        report(f"connections over {name}: {ends}")
    faults = Faults(*map(sum, zip(*outcome.faults, strict=True)))
    report(f"{len(outcome.faults)} readers together: {faults}")
    assert faults == Faults(lost=0, duplicated=0, reordered=0, altered=0)
    assert outcome.events == len(events)
    assert len(outcome.hops) == len(TRANSPORTS) * (len(TRANSPORTS) - 1)
    assert all(outcome.endings[name, "cut"] for name in TRANSPORTS)
