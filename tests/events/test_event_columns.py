"""Columns are the events that they were made of, whichever way they are read."""

from __future__ import annotations

import pytest

from app.events.event import StoredEvent
from app.events.event_columns import NO_EVENTS, EventColumns

EVENTS = [
    StoredEvent(7, "k7f3q2a1", "order.shipped", "1.0.0", "e-1", "or_1", 1_714_557_600_000_000, '{"orderId":"or_1"}'),
    StoredEvent(8, "k7f3q2a1", "stock.counted", "1.1.0", "e-2", None, 1_714_557_600_000_001, "{}"),
    StoredEvent(
        9, "b2k9x0c4", "order.created", "2.0.0", "e-3", "None", 1_714_557_600_000_001, '{"orderId":"None"}', "me_1"
    ),
]


def test_columns_hold_the_events_that_they_were_made_of() -> None:
    columns = EventColumns.of(EVENTS)
    assert [*columns] == EVENTS
    assert len(columns) == 3
    assert columns[1] == EVENTS[1]
    assert columns[-1] == EVENTS[-1]
    assert [*columns[1:]] == EVENTS[1:]
    assert all(type(event) is StoredEvent for event in columns)


def test_columns_are_the_texts_of_the_fields() -> None:
    columns = EventColumns.of(EVENTS)
    assert [*columns.offsets] == ["7", "8", "9"]
    assert [*columns.order_ids] == ["or_1", "", "None"]
    assert [*columns.owners] == ["", "", "me_1"]
    assert [*columns.data] == [event.data for event in EVENTS]


def test_no_events_are_columns_without_texts() -> None:
    assert EventColumns.of([]) is NO_EVENTS
    assert not NO_EVENTS
    assert [*NO_EVENTS] == []
    with pytest.raises(IndexError):
        NO_EVENTS[0]
