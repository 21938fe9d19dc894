from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from app.events.event import StoredEvent
from app.events.filter import EVERYTHING, Filter
from app.events.log.filter_index import FilterIndex

TYPES = ("order.shipped", "order.cancelled", "order.returned")
ORDERS = ("or_1", "or_2", "or_3", None)


class Ear:
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[StoredEvent] = []
        self.examined: list[int] = []

    def hear(self, examined: int, events: Sequence[StoredEvent]) -> None:
        assert events
        self.examined.append(examined)
        self.heard += events


def stored(offset: int, event_type: str = "order.shipped", order_id: str | None = "or_1") -> StoredEvent:
    return StoredEvent(offset, "k7f3q2a1", event_type, "1.0.0", f"e-{offset}", order_id, offset, "{}")


def wanting(types: Sequence[str] | None = None, orders: Sequence[str] | None = None) -> Filter:
    return Filter(None if types is None else frozenset(types), None if orders is None else frozenset(orders))


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
]


@pytest.mark.parametrize("seed", range(5))
def test_each_hears_what_its_filter_matches_once_and_in_order(seed: int) -> None:
    chance = random.Random(seed)
    audience = FilterIndex()
    ears = [(filter, Ear()) for filter in FILTERS for _ in range(2)]
    for filter, ear in ears:
        audience.join(filter, ear)
    events = [stored(offset, chance.choice(TYPES), chance.choice(ORDERS)) for offset in range(1, 301)]
    for first in range(0, 300, 10):
        audience.tell(first, events[first : first + 10])
    for filter, ear in ears:
        assert ear.heard == [event for event in events if filter.matches(event)]
        assert all(examined % 10 == 0 for examined in ear.examined)


def test_whoever_left_hears_nothing_and_nothing_is_kept_of_them() -> None:
    audience = FilterIndex()
    ears = [Ear() for _ in FILTERS]
    for filter, ear in zip(FILTERS, ears, strict=True):
        audience.join(filter, ear)
        audience.join(filter, ear)
    assert len(audience) == len(FILTERS)
    for filter, ear in zip(FILTERS, ears, strict=True):
        audience.leave(filter, ear)
        audience.leave(filter, ear)
    audience.tell(0, [stored(1, event_type, order) for event_type in TYPES for order in ORDERS])
    assert [ear.heard for ear in ears] == [[]] * len(FILTERS)
    assert (audience._entries, audience._of_everything, audience._by_event_type, audience._by_order_id) == (
        {},
        set(),
        {},
        {},
    )


def test_a_listener_may_leave_while_it_hears() -> None:
    class Once(Ear):
        def hear(self, examined: int, events: Sequence[StoredEvent]) -> None:
            super().hear(examined, events)
            audience.leave(EVERYTHING, self)

    audience = FilterIndex()
    ears: list[Ear] = [Once(), Ear(), Once(), Ear()]
    for ear in ears:
        audience.join(EVERYTHING, ear)
    audience.tell(0, [stored(1)])
    audience.tell(1, [stored(2)])
    assert [len(ear.heard) for ear in ears] == [1, 2, 1, 2]


def test_a_mere_deletion_tells_nobody() -> None:
    audience = FilterIndex()
    ear = Ear()
    audience.join(EVERYTHING, ear)
    audience.tell(5, [])
    assert ear.heard == []


def test_an_event_asks_only_those_who_follow_its_order(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Filter] = []
    matches = Filter.matches

    def counting(self: Filter, event: StoredEvent) -> bool:
        asked.append(self)
        return matches(self, event)

    monkeypatch.setattr(Filter, "matches", counting)
    audience = FilterIndex()
    for number in range(1000):
        audience.join(wanting(["order.shipped"], [f"or_{number}"]), Ear())
    audience.tell(0, [stored(1, order_id="or_7")])
    assert asked == [wanting(["order.shipped"], ["or_7"])]
