"""Counts are those of a reader that walks the pages: random logs, filters and ranges, in memory and in SQLite."""

from __future__ import annotations

import random
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.events.event import NO_OWNER, StoredEvent
from app.events.filter import Filter
from app.events.log.count_events import SECOND_US, CountRequest, count_events
from app.events.log.event_log import EventLog
from app.events.log.event_store import EventStore
from app.events.log.read_page import read_page
from app.events.log.start import Since, Start, StartRequest, locate_start
from app.specification.openapi.statements.count_contract import CountContract
from app.stores.memory import MemoryStore
from app.stores.sqlite.store import SqliteStore
from tests.events.logs import event, run

CONTRACT = CountContract(maximum=10**6, chosen_seconds=(1, 7, 60, 3600), chosen_maximum=20)
BEGIN = 1_714_557_611
TYPES = ("order.shipped", "order.cancelled")
ORDERS = ("x", "y", "z")
OWNERS = ("m", "n", NO_OWNER)


def some(names: tuple[str, ...]) -> st.SearchStrategy[frozenset[str] | None]:
    return st.none() | st.frozensets(st.sampled_from(names), min_size=1)


filters = st.builds(Filter, some(TYPES), some(ORDERS), some(OWNERS[:2]))
instants = st.none() | st.integers(-200, 900).map(lambda seconds: (BEGIN + seconds) * SECOND_US)
requests = st.builds(CountRequest, filters, instants, instants, st.none() | st.sampled_from((1, 7, 60)))
commits = st.lists(st.tuples(st.sampled_from((0, 1, 59, 300)), st.integers(1, 300)), max_size=5)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    commits=commits,
    requests=st.lists(requests, min_size=1, max_size=4),
    retain=st.sampled_from((None, 300)),
    seed=st.integers(0, 9),
)
@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_counts_are_those_of_the_pages(
    kind: str, commits: list[tuple[int, int]], requests: list[CountRequest], retain: int | None, seed: int
) -> None:
    async def work(store: EventStore) -> None:
        log = EventLog(store)
        await log.open()
        try:
            await fill(log, commits, random.Random(seed), now)
            for request in requests:
                await compare(log, request)
        finally:
            await log.close()

    now = [BEGIN]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time_ns", lambda: now[0] * 10**9)
        run(work(MemoryStore(retain or 10**6) if kind == "memory" else SqliteStore(Path(folder, "log.db"), retain)))


async def fill(log: EventLog, commits: list[tuple[int, int]], dice: random.Random, now: list[int]) -> None:
    for seconds, number in commits:
        now[0] += seconds
        names = [f"{log.head + each}" for each in range(number)]
        await log.append([event(name, *map(dice.choice, (TYPES, ORDERS, OWNERS))) for name in names])
    now[0] += 1


async def compare(log: EventLog, request: CountRequest) -> None:
    since = None if request.since_us is None else Since(request.since_us, "since")
    start = await locate_start(log, StartRequest(since=since, origin="earliest"), request.filter)
    events: list[StoredEvent] = []
    after = start.after
    while after < log.head:
        page = await read_page(log, Start(after), request.filter, 100, 0)
        events += page.events
        after = page.through
    until_us = request.until_us or 2**62
    within = [each for each in events if each.stored_at_us < until_us]

    counts = await count_events(log, request, CONTRACT)

    interval_us = counts.interval_seconds * SECOND_US
    expected = Counter((each.stored_at_us // interval_us * counts.interval_seconds, each.event_type) for each in within)
    assert {(at, type): number for at, by in counts.counts.items() for type, number in by.items()} == expected
    assert counts.is_complete == (start.gap is None)
    assert [each.offset for each in events if each.offset > counts.through] == [
        each.offset for each in events if each not in within
    ]
