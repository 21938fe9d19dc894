"""A timeline's events are published when they are due, each once, whatever the store does meanwhile."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterable, Iterator, Sequence

import pytest

from app.events.errors import StoreUnavailable
from app.sources.timeline import BATCH_EVENTS, TICK_SECONDS, Timed, publish_timeline
from app.specification.strict_json import JsonValue
from tests.sources.simulated_time import Recorder, SimulatedTime, TroubledStore, open_publisher, stored_events


def shipped(name: str) -> JsonValue:
    return {
        "eventType": "order.shipped",
        "eventId": f"{name}-shipped",
        "data": {"orderId": name, "when": "2024-05-01T10:00:00Z"},
    }


def timeline(pauses: Iterable[float]) -> Iterator[Timed]:
    for number, pause in enumerate(pauses):
        yield Timed(shipped(f"o{number}"), pause)


async def played(
    time: SimulatedTime, events: Iterator[Timed], store: TroubledStore | None = None
) -> tuple[list[tuple[float, int]], list[str]]:
    """Play a timeline; return the time and the size of each publish, and the orders in the log."""
    async with open_publisher(store) as (log, publisher):
        recorder = Recorder(time, publisher)
        await publish_timeline(recorder, events, clock=time.clock, sleep=time.sleep)
        return recorder.publishes, [json.loads(event.data)["orderId"] for event in await stored_events(log)]


async def test_each_event_is_published_when_it_is_due() -> None:
    publishes, orders = await played(SimulatedTime(), timeline([2.0, 0.5, 10.0, 0.0]))
    assert publishes == [(0.0, 1), (2.0, 1), (2.5, 1), (12.5, 1)]
    assert orders == ["o0", "o1", "o2", "o3"]


async def test_events_due_together_are_published_together() -> None:
    publishes, orders = await played(SimulatedTime(), timeline([0.0, 0.0, 1.0, 0.0, 0.0]))
    assert publishes == [(0.0, 3), (1.0, 2)]
    assert orders == ["o0", "o1", "o2", "o3", "o4"]


async def test_publishes_are_bounded_in_number_and_size() -> None:
    time = SimulatedTime()
    pauses = [TICK_SECONDS / 10] * 1000 + [0.0] * 2 * BATCH_EVENTS
    publishes, orders = await played(time, timeline(pauses))
    assert len(orders) == len(pauses)
    assert max(count for _, count in publishes) <= BATCH_EVENTS
    assert len(publishes) <= 1000 / 10 + 2 + 1
    assert time.elapsed == pytest.approx(1000 * TICK_SECONDS / 10, abs=TICK_SECONDS)


async def test_timeline_that_fell_behind_continues_without_a_burst() -> None:
    time = SimulatedTime()

    def with_sleeping_machine() -> Iterator[Timed]:
        for number, event in enumerate(timeline([1.0] * 20)):
            if number == 10:
                time.now += 3600
            yield event

    publishes, orders = await played(time, with_sleeping_machine())
    assert len(orders) == 20
    assert max(count for _, count in publishes) <= 3
    assert time.elapsed == pytest.approx(3600 + 20, abs=2)


async def test_unavailable_store_is_sent_the_same_events_later_and_once(caplog: pytest.LogCaptureFixture) -> None:
    time = SimulatedTime()
    away = [StoreUnavailable("The disk is full.")] * 8
    with caplog.at_level(logging.WARNING, logger="app"):
        publishes, orders = await played(time, timeline([0.0, 1.0, 0.0]), TroubledStore(before=away))
    assert orders == ["o0", "o1", "o2"]
    assert [count for _, count in publishes] == [2] * 9 + [1]
    waits = [wait for wait in time.sleeps if wait != 0][:8]
    assert waits == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert [record.getMessage() for record in caplog.records] == [
        "The source waits for the store: The disk is full.",
        "The source goes on.",
    ]


async def test_lost_acknowledgement_doubles_nothing() -> None:
    store = TroubledStore(after=[StoreUnavailable("The disk did not answer in time.")])
    _, orders = await played(SimulatedTime(), timeline([0.0, 0.0, 1.0, 0.0]), store)
    assert orders == ["o0", "o1", "o2", "o3"]


async def test_event_that_conflicts_with_the_log_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    taken: JsonValue = {
        "eventType": "order.shipped",
        "eventId": "o1-shipped",
        "data": {"orderId": "other", "when": "2024-05-01T10:00:00Z"},
    }
    events = [Timed(taken, 1.0), *timeline([0.0, 0.0, 0.0])]
    with caplog.at_level(logging.WARNING, logger="app"):
        _, orders = await played(SimulatedTime(), iter(events))
    assert orders == ["other", "o0", "o2"]
    assert "'o1-shipped'" in caplog.text


async def test_timeline_lets_other_tasks_run_even_if_every_event_is_overdue() -> None:
    turns = 0

    class NeverAway:
        async def publish(self, submissions: Sequence[JsonValue], /) -> None:
            """Store at once, without ever suspending."""

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counter = asyncio.create_task(count_turns())
    await publish_timeline(NeverAway(), timeline([0.0] * 10 * BATCH_EVENTS))
    counter.cancel()
    assert turns >= 9


async def test_empty_timeline_publishes_nothing() -> None:
    assert await played(SimulatedTime(), iter(())) == ([], [])
