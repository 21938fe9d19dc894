from __future__ import annotations

from collections.abc import Iterable

import pytest

from app.events.event import NO_OWNER, StoredEvent
from app.events.filter import EVERYTHING, Filter
from app.events.log import tail as tail_module
from app.events.log.tail import Tail
from app.events.position import Floor
from tests.events.logs import CANCELLED, SHIPPED

NOTHING_DELETED = Floor(0, 0)


def stored(offset: int, data: str = "{}") -> StoredEvent:
    event_type = "order.shipped" if offset % 2 else "order.cancelled"
    return StoredEvent(offset, "k7f3q2a1", event_type, "1.0.0", f"e-{offset}", None, offset, data)


def holding(offsets: Iterable[int], after: int = 0) -> Tail:
    tail = Tail(after)
    tail.extend([stored(offset) for offset in offsets], NOTHING_DELETED)
    return tail


def offsets(events: Iterable[StoredEvent]) -> list[int]:
    return [event.offset for event in events]


def test_an_empty_tail_covers_its_head_and_nothing_before_it() -> None:
    tail = Tail(after=10)
    assert tail.head == 10
    assert tail.covers(10)
    assert not tail.covers(9)
    assert tail.read(10, 10, EVERYTHING, 5).through == 10


def test_events_are_read_from_after_an_offset_through_another() -> None:
    page = holding(range(11, 21), after=10).read(12, 15, EVERYTHING, 100)
    assert (offsets(page.events), page.through) == ([13, 14, 15], 15)


def test_a_page_that_is_full_ends_at_its_last_event() -> None:
    page = holding(range(1, 11)).read(0, 10, SHIPPED, 2)
    assert (offsets(page.events), page.through) == ([1, 3], 3)


def test_a_page_that_is_not_full_says_how_far_the_log_was_examined() -> None:
    page = holding(range(1, 11)).read(0, 10, SHIPPED, 6)
    assert (offsets(page.events), page.through) == ([1, 3, 5, 7, 9], 10)


def test_a_page_ends_at_the_head() -> None:
    assert holding(range(1, 11)).read(4, 99, CANCELLED, 100).through == 10


def test_offsets_may_skip() -> None:
    tail = holding([3, 7, 20, 21])
    assert (tail.head, offsets(tail.read(3, 20, EVERYTHING, 9).events)) == (21, [7, 20])
    page = tail.read(8, 19, EVERYTHING, 9)
    assert (offsets(page.events), page.through) == ([], 19)


def test_deleted_events_leave_the_tail() -> None:
    tail = holding(range(1, 11))
    tail.extend([stored(11)], Floor(4, 0))
    assert not tail.covers(3)
    assert tail.covers(4)
    assert offsets(tail.read(4, 11, EVERYTHING, 99).events) == [5, 6, 7, 8, 9, 10, 11]


def test_a_mere_deletion_keeps_the_head() -> None:
    tail = holding(range(1, 11))
    tail.extend([], Floor(10, 0))
    assert (tail.head, tail.covers(10), tail.covers(9)) == (10, True, False)


def test_a_deletion_before_the_tail_changes_nothing() -> None:
    tail = holding(range(11, 21), after=10)
    tail.extend([], Floor(5, 0))
    assert tail.covers(10)


def test_a_tail_is_bounded_in_events_and_keeps_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail_module, "TAIL_EVENTS", 10)
    tail = Tail(after=0)
    for offset in range(1, 1001):
        tail.extend([stored(offset)], NOTHING_DELETED)
        assert offset <= 10 or not tail.covers(offset - 21)
        assert offsets(tail.read(max(0, offset - 10), offset, EVERYTHING, 99).events) == list(
            range(max(1, offset - 9), offset + 1)
        )


def test_a_batch_beyond_the_bound_leaves_its_newest_events() -> None:
    tail = holding(range(1, 30_001))
    assert offsets(tail.read(20_000, 30_000, EVERYTHING, 99_999).events) == list(range(20_001, 30_001))
    assert not tail.covers(19_999)


def test_a_tail_is_bounded_in_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail_module, "TAIL_CHARACTERS", 1000)
    tail = Tail(after=0)
    for offset in range(1, 101):
        tail.extend([stored(offset, "x" * 100)], NOTHING_DELETED)
        assert not tail.covers(offset - 11)
        assert tail.covers(offset - 1)
        assert tail.head == offset


def test_an_event_larger_than_the_bound_is_left_to_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail_module, "TAIL_CHARACTERS", 1000)
    tail = holding(range(1, 4))
    tail.extend([stored(4, "x" * 1001)], NOTHING_DELETED)
    assert (tail.head, tail.covers(3), tail.covers(4)) == (4, False, True)
    tail.extend([stored(5)], NOTHING_DELETED)
    assert offsets(tail.read(4, 5, EVERYTHING, 9).events) == [5]


def test_orders_and_owners_are_found_as_a_search_through_everything_finds_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail_module, "TAIL_EVENTS", 50)
    tail = Tail(after=0)
    events = [
        stored(offset)._replace(
            order_id=f"or_{offset % 7}" if offset % 5 else None, owner=f"me_{offset % 3}" if offset % 4 else NO_OWNER
        )
        for offset in range(1, 301)
    ]
    selections = [
        *(Filter(order_ids=frozenset(orders)) for orders in ({"or_1"}, {"or_2", "or_5", "or_6"}, {"nobody"}, ())),
        *(Filter(owners=frozenset(owners)) for owners in ({"me_1"}, {"me_0", "me_2"}, {"nobody"}, ())),
        Filter(order_ids=frozenset({"or_1", "or_2"}), owners=frozenset({"me_1"})),
    ]
    for first in range(0, 300, 10):
        tail.extend(events[first : first + 10], Floor(max(0, first - 70), 0))
        kept = [event for event in events[: first + 10] if tail.covers(event.offset - 1)]
        for filter in selections:
            page = tail.read(tail._after, tail.head, filter, 1000)
            assert page.events == [event for event in kept if filter.matches(event)]
            assert page.through == tail.head
    assert sum(map(len, tail._by_order.values())) == len(tail._events)
    assert sum(map(len, tail._by_owner.values())) == sum(event.owner != NO_OWNER for event in tail._events)
