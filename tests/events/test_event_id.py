from __future__ import annotations

import time
import uuid

import pytest

from app.events.event_id import new_event_id


def test_an_event_id_is_a_uuid_of_version_7() -> None:
    event_id = new_event_id()
    read = uuid.UUID(event_id)
    assert (str(read), read.version, read.variant) == (event_id, 7, uuid.RFC_4122)


def test_its_first_48_bits_are_the_time_in_milliseconds() -> None:
    before = time.time_ns() // 1_000_000
    milliseconds = uuid.UUID(new_event_id()).int >> 80
    assert before <= milliseconds <= time.time_ns() // 1_000_000


def test_event_ids_of_a_millisecond_differ_in_every_bit_left_to_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_714_557_600_000_000_000)
    ids = [uuid.UUID(new_event_id()).int for _ in range(1000)]
    assert len(set(ids)) == 1000
    varying = 0
    for each in ids:
        varying |= each ^ ids[0]
    assert varying == (1 << 76) - 1 ^ 0x3 << 62


def test_later_event_ids_sort_after_earlier_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = []
    for milliseconds in (0, 1, 999, 1_714_557_600_000, 1_714_557_600_001, 2**48 - 1):
        monkeypatch.setattr(time, "time_ns", lambda at=milliseconds: at * 1_000_000)
        ids.append(new_event_id())
    assert ids == sorted(ids)
