from __future__ import annotations

import time
import uuid
from itertools import pairwise

import pytest

from app.events.event_ids import EventIds

MANY = 2000  # more than are made at once


def test_an_event_id_is_a_uuid_of_version_7() -> None:
    for event_id in EventIds().take(MANY):
        read = uuid.UUID(event_id)
        assert (str(read), read.version, read.variant) == (event_id, 7, uuid.RFC_4122)


def test_its_first_48_bits_are_the_time_in_milliseconds() -> None:
    source = EventIds()
    source.take(1)
    before = time.time_ns() // 1_000_000
    [event_id] = source.take(1)
    assert before <= uuid.UUID(event_id).int >> 80 <= time.time_ns() // 1_000_000


def test_event_ids_of_a_millisecond_differ_in_every_bit_left_to_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_714_557_600_000_000_000)
    ids = [uuid.UUID(event_id).int for event_id in (*EventIds().take(MANY), *EventIds().take(1))]
    assert len(set(ids)) == MANY + 1
    varying = 0
    for each in ids:
        varying |= each ^ ids[0]
    assert varying == (1 << 76) - 1 ^ 0x3 << 62


def test_event_ids_of_a_batch_ascend_nearly_all() -> None:
    ids = EventIds().take(MANY)
    assert sum(one > other for one, other in pairwise(ids)) < MANY / 100


def test_later_event_ids_sort_after_earlier_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    source, ids = EventIds(), []
    for milliseconds in (0, 1, 999, 1_714_557_600_000, 1_714_557_600_001, 2**48 - 1):
        monkeypatch.setattr(time, "time_ns", lambda at=milliseconds: at * 1_000_000)
        ids += [max(source.take(MANY)), min(source.take(MANY))]
    assert ids[::2] == sorted(ids[::2])
    assert all(earlier < later for earlier, later in zip(ids[::2], ids[3::2], strict=False))


def test_no_event_ids_are_an_empty_list() -> None:
    assert EventIds().take(0) == []
