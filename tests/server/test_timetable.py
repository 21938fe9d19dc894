"""The timetable: each deadline passes in its second, once, unless it was moved or cleared before."""

from __future__ import annotations

import gc
import weakref

import pytest

from app.server.connections.timetable import NEVER
from tests.server.clock import Clock


class Recorded:
    """A connection that counts how often its deadline has passed. `again_seconds`: set as the next deadline each time."""

    def __init__(self, clock: Clock, again_seconds: float | None = None) -> None:
        self.due_second = NEVER
        self.passed = 0
        self._clock = clock
        self._again_seconds = again_seconds

    def on_deadline(self) -> None:
        self.passed += 1
        if self._again_seconds is not None:
            self._clock.timetable.set(self, self._again_seconds)


@pytest.mark.parametrize("seconds", [1.0, 2.0, 10.0, 30.0])
def test_deadline_passes_once_and_within_its_last_second(seconds: float) -> None:
    clock = Clock()
    connection = Recorded(clock)
    clock.timetable.set(connection, seconds)
    clock.pass_seconds(seconds - 1)
    assert connection.passed == 0
    clock.pass_seconds(1)
    assert connection.passed == 1
    clock.pass_seconds(60)
    assert connection.passed == 1


def test_deadline_that_was_moved_passes_at_its_new_time_only() -> None:
    clock = Clock()
    connection = Recorded(clock)
    clock.timetable.set(connection, 10)
    clock.pass_seconds(8)
    clock.timetable.set(connection, 10)
    clock.pass_seconds(8)
    assert connection.passed == 0
    clock.pass_seconds(2)
    assert connection.passed == 1


def test_deadline_that_was_cleared_does_not_pass() -> None:
    clock = Clock()
    connection = Recorded(clock)
    clock.timetable.set(connection, 10)
    clock.timetable.clear(connection)
    clock.timetable.clear(connection)
    clock.pass_seconds(60)
    assert connection.passed == 0


@pytest.mark.parametrize("again_seconds", [0.0, 5.0])
def test_deadline_may_be_set_again_while_it_passes(again_seconds: float) -> None:
    clock = Clock()
    connection = Recorded(clock, again_seconds)
    clock.timetable.set(connection, 5)
    clock.pass_seconds(20)
    assert connection.passed == (16 if again_seconds == 0 else 4)


def test_connection_may_be_cleared_by_another_one_of_the_same_second() -> None:
    clock = Clock()
    connections = [Recorded(clock) for _ in range(2)]

    class Clearing(Recorded):
        def on_deadline(self) -> None:
            super().on_deadline()
            for each in connections:
                clock.timetable.clear(each)

    clearing = Clearing(clock)
    for each in (*connections, clearing):
        clock.timetable.set(each, 5)
    clock.pass_seconds(5)
    assert clearing.passed == 1
    assert all(each.due_second == NEVER for each in connections)
    clock.pass_seconds(60)
    assert clearing.passed == 1


def test_clock_that_jumps_passes_every_deadline_in_between_in_order() -> None:
    clock = Clock()
    passed: list[int] = []

    class Named(Recorded):
        def on_deadline(self) -> None:
            passed.append(self.name)

        name = 0

    for seconds in (30, 10, 20):
        connection = Named(clock)
        connection.name = seconds
        clock.timetable.set(connection, seconds)
    clock._now += 3600  # the process was suspended
    clock.timetable.sweep()
    assert passed == [10, 20, 30]


def test_connection_without_a_deadline_is_not_kept_in_memory() -> None:
    clock = Clock()
    connection = Recorded(clock)
    clock.timetable.set(connection, 10)
    clock.timetable.clear(connection)
    gone = weakref.ref(connection)
    del connection
    gc.collect()
    assert gone() is None
