"""A reader that changes the transport at each reconnect, with its last id alone, reads every event once, in order, as it was sent."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("grpc_reflection")  # an extra; a test of its own fails in CI if it is missing

from tests.support.hopping_reader import Faults
from tests.support.runs_across_transports import follow_across_transports
from tests.support.servers import sqlite
from tests.support.shop_orders import mixed_orders


def test_readers_that_change_the_transport_through_kills_and_drains_read_what_was_acknowledged(tmp_path: Path) -> None:
    events = mixed_orders(1_500, seed=51)
    outcome = follow_across_transports(sqlite(tmp_path), events, restarts=6, most_events=150, lead=200, seed=52)
    assert set(outcome.faults) == {Faults(lost=0, duplicated=0, reordered=0, altered=0)}
    assert outcome.events == len(events)
