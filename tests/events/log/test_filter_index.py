from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from app.events.event import NO_OWNER, Event, StoredEvent
from app.events.filter import EVERYTHING, Filter
from app.events.log.filter_index import FilterIndex

TYPES = ("order.shipped", "order.cancelled", "order.returned")
ORDERS = ("or_1", "or_2", "or_3", None)
OWNERS = ["me_1", "me_2", "me_3", NO_OWNER]


class Recorder:
    """A listener that keeps what it is called with."""

    def __init__(self) -> None:
        self.received: list[StoredEvent] = []
        self.examined: list[int] = []

    def on_events(self, examined: int, events: Sequence[StoredEvent]) -> None:
        assert events
        self.examined.append(examined)
        self.received += events


def stored(
    offset: int, event_type: str = "order.shipped", order_id: str | None = "or_1", owner: str = NO_OWNER
) -> StoredEvent:
    return StoredEvent(offset, "k7f3q2a1", event_type, "1.0.0", f"e-{offset}", order_id, offset, "{}", owner)


def wanting(
    types: Sequence[str] | None = None, orders: Sequence[str] | None = None, owners: Sequence[str] | None = None
) -> Filter:
    event_types, order_ids, of = (None if names is None else frozenset(names) for names in (types, orders, owners))
    return Filter(event_types, order_ids, of)


FILTERS = [
    EVERYTHING,
    wanting([]),
    wanting(["order.shipped"]),
    wanting(["order.shipped", "order.cancelled"]),
    wanting(orders=["or_1"]),
    wanting(orders=["or_1", "or_2"]),
    wanting(orders=[]),
    wanting(["order.shipped"], ["or_1", "or_3"]),
    wanting(["order.returned"], ["or_2"]),
    wanting(owners=["me_1"]),
    wanting(owners=["me_1", "me_2"]),
    wanting(owners=[]),
    wanting(["order.shipped"], owners=["me_2"]),
    wanting(orders=["or_1", "or_2"], owners=["me_1"]),
]


@pytest.mark.parametrize("seed", range(5))
def test_each_listener_is_called_with_its_events_once_and_in_order(seed: int) -> None:
    chance = random.Random(seed)
    index = FilterIndex()
    listeners = [(filter, Recorder()) for filter in FILTERS for _ in range(2)]
    for filter, listener in listeners:
        index.join(filter, listener)
    events = [
        stored(offset, chance.choice(TYPES), chance.choice(ORDERS), chance.choice(OWNERS)) for offset in range(1, 301)
    ]
    for first in range(0, 300, 10):
        index.notify(first, events[first : first + 10])
    for filter, listener in listeners:
        assert listener.received == [event for event in events if filter.matches(event)]
        assert all(examined % 10 == 0 for examined in listener.examined)


def test_listeners_that_left_are_called_no_more_and_nothing_is_kept_of_them() -> None:
    index = FilterIndex()
    listeners = [Recorder() for _ in FILTERS]
    for filter, listener in zip(FILTERS, listeners, strict=True):
        index.join(filter, listener)
        index.join(filter, listener)
    assert len(index) == len(FILTERS)
    for filter, listener in zip(FILTERS, listeners, strict=True):
        index.leave(filter, listener)
        index.leave(filter, listener)
    index.notify(
        0, [stored(1, event_type, order, owner) for event_type in TYPES for order in ORDERS for owner in OWNERS]
    )
    assert [listener.received for listener in listeners] == [[]] * len(FILTERS)
    assert (index._entries, index._in_no_table, index._by_event_type, index._by_order_id) == (
        {},
        {},
        {},
        {},
    )


def test_a_listener_may_leave_while_it_is_called() -> None:
    class Once(Recorder):
        def on_events(self, examined: int, events: Sequence[StoredEvent]) -> None:
            super().on_events(examined, events)
            index.leave(EVERYTHING, self)

    index = FilterIndex()
    listeners: list[Recorder] = [Once(), Recorder(), Once(), Recorder()]
    for listener in listeners:
        index.join(EVERYTHING, listener)
    index.notify(0, [stored(1)])
    index.notify(1, [stored(2)])
    assert [len(listener.received) for listener in listeners] == [1, 2, 1, 2]


def test_a_commit_without_events_calls_no_listener() -> None:
    index = FilterIndex()
    listener = Recorder()
    index.join(EVERYTHING, listener)
    index.notify(5, [])
    assert listener.received == []


def test_an_event_is_matched_only_against_filters_of_its_order(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Filter] = []
    matches = Filter.matches

    def counting(self: Filter, event: StoredEvent) -> bool:
        asked.append(self)
        return matches(self, event)

    monkeypatch.setattr(Filter, "matches", counting)
    index = FilterIndex()
    for number in range(1000):
        index.join(wanting(["order.shipped"], [f"or_{number}"]), Recorder())
    index.notify(0, [stored(1, order_id="or_7")])
    assert asked == [wanting(["order.shipped"], ["or_7"])]


def test_a_filter_that_the_tables_know_nothing_of_is_applied_to_every_event() -> None:
    class Odd(Filter):
        """A filter by something else than types and orders."""

        def matches(self, event: Event | StoredEvent) -> bool:
            return isinstance(event, StoredEvent) and event.offset % 2 == 1

    index, listener = FilterIndex(), Recorder()
    index.join(Odd(), listener)
    index.notify(0, [stored(offset, TYPES[0], ORDERS[0]) for offset in (1, 2, 3)])
    assert [event.offset for event in listener.received] == [1, 3]
