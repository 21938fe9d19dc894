"""A log of a million events: resuming from any of them is as quick as from the newest, and reading all of it costs no memory."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import NamedTuple, TypeAlias

import httpx
import pytest
from httpx_sse import connect_sse

from app.events.position import Epoch, Floor
from tests.stores.older_logs import write_format_1
from tests.support.publishers import counted, publish_now
from tests.support.server_process import ServerProcess
from tests.support.servers import reset_peak, resident_bytes, sqlite, start_server
from tests.support.subscribers import read_stream

EVENTS = 1_000_000
TRIES = 3  # the quickest counts: the promise is about the server, and the rest is noise of the machine
MEGABYTE = 1024 * 1024

Report: TypeAlias = Callable[[str], None]


class Filled(NamedTuple):
    """A server on a log of a million events, and the ids that it acknowledged."""

    server: ServerProcess
    ids: list[str]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    folder = tmp_path_factory.mktemp("million")
    with start_server(sqlite(folder)) as server:
        ids = publish_now(server.events_url, counted(0, EVENTS))
    with start_server(sqlite(folder)) as server:  # none of the events is in memory any more
        yield Filled(server, ids)


def milliseconds_to_first_event(client: httpx.Client, url: str, after: str, expected: str) -> float:
    started = time.monotonic()
    with connect_sse(client, "GET", url, headers={"Last-Event-ID": after}) as source:
        first = next(frame for frame in source.iter_sse() if frame.event.startswith("order."))
    elapsed = (time.monotonic() - started) * 1000
    assert first.id == expected
    return elapsed


def test_first_event_comes_within_100_ms_from_any_of_a_million(filled: Filled, report: Report) -> None:
    random = Random(111)
    places = [0, EVENTS // 2, EVENTS - 2, *random.sample(range(EVENTS - 1), 200)]
    with httpx.Client(trust_env=False, timeout=60) as client:
        every = {
            place: [
                milliseconds_to_first_event(client, filled.server.events_url, filled.ids[place], filled.ids[place + 1])
                for _ in range(TRIES)
            ]
            for place in places
        }
    quickest = sorted(min(tries) for tries in every.values())
    slowest = max(max(tries) for tries in every.values())
    report(
        f"first event: median {quickest[len(quickest) // 2]:.1f} ms, worst {quickest[-1]:.1f} ms, of all tries {slowest:.1f} ms"
    )
    assert quickest[-1] < 100


def test_reading_a_million_events_costs_no_memory(filled: Filled, report: Report) -> None:
    url, pid = filled.server.events_url, filled.server.pid
    assert len(read_stream(url, filled.ids[0], follow="false", limit="20000")) > 20_000
    before = resident_bytes(pid)
    reset_peak(pid)
    started = time.monotonic()
    places = {identifier: place for place, identifier in enumerate(filled.ids)}
    expected = 0
    with (
        httpx.Client(trust_env=False, timeout=60) as client,
        connect_sse(client, "GET", url, params={"from": "earliest", "follow": "false"}) as source,
    ):
        for frame in source.iter_sse():
            if frame.event.startswith("order."):
                assert places[frame.id] == expected
                expected += 1
    growth = resident_bytes(pid, peak=True) - before
    seconds = time.monotonic() - started
    report(
        f"read {expected} events in {seconds:.0f} s; memory {before / MEGABYTE:.0f} MB, at its peak +{growth / MEGABYTE:.1f} MB"
    )
    assert expected == EVENTS
    assert growth < 50 * MEGABYTE


def test_filter_for_an_order_that_is_not_among_a_million_events_answers_at_once(filled: Filled, report: Report) -> None:
    url = filled.server.events_url
    started = time.monotonic()
    frames = read_stream(url, filled.ids[0], follow="false", orderId="or_nobody")
    seconds = time.monotonic() - started
    report(f"searched all for an order that is not there in {seconds * 1000:.0f} ms")
    assert [frame.event for frame in frames] == ["stream.checkpoint", "stream.checkpoint", "stream.closing"]
    assert read_stream(url, frames[1].id, follow="false", orderId="or_nobody") == [], "nothing is left to search"
    assert seconds < 1


def test_older_log_of_a_million_events_is_upgraded_within_30_s(tmp_path: Path, report: Report) -> None:
    path = tmp_path / "log.db"
    fill_older_log(path)
    started = time.monotonic()
    with start_server(f"sqlite:{path}") as server:
        seconds = time.monotonic() - started
        newest = read_stream(server.events_url, f"aaaaaaaa-{EVENTS - 1}", follow="false")
    report(f"started on {EVENTS} events of format 1 in {seconds:.1f} s")
    assert [frame.id for frame in newest if frame.event.startswith("order.")] == [f"aaaaaaaa-{EVENTS}"]
    assert seconds < 30


def fill_older_log(path: Path) -> None:
    write_format_1(path, [], [Epoch("aaaaaaaa", 1)], Floor(0, 0))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(f"""
            WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {EVENTS})
            INSERT INTO events SELECT n, 'aaaaaaaa', 'order.shipped', '1.0.0', hex(randomblob(16)), 'or_' || (n * 7919 % 200000),
                1795898365547077 + n, '{{"orderId":"or_' || (n * 7919 % 200000) || '","when":"2024-05-01T10:00:00Z"}}' FROM numbers;
        """)  # noqa: S608 - numbers alone are put in
