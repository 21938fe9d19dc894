"""Which events are too old, whatever the wall clock does."""

from __future__ import annotations

import time

import pytest

from app.events.event import Event
from app.stores.local.retention import GRACE_SECONDS, Expired, Retention
from app.stores.sqlite.store import SqliteStore
from tests.events.logs import run
from tests.stores.opened import ids, opening

SECOND_US = 1_000_000
HOUR = 3600
NOW_US = 1_800_000_000 * SECOND_US


class Clock:
    """The two clocks of a machine: the wall clock, which may be wrong, and the steady one."""

    def __init__(self) -> None:
        self.wall_us, self.steady_us = NOW_US, 0

    def advance(self, seconds: float) -> None:
        self.wall_us += round(seconds * SECOND_US)
        self.steady_us += round(seconds * SECOND_US)

    def leap(self, seconds: float) -> None:
        self.wall_us += round(seconds * SECOND_US)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "time_ns", lambda: clock.wall_us * 1000)
    monkeypatch.setattr(time, "monotonic_ns", lambda: clock.steady_us * 1000)
    return clock


def look(retention: Retention, clock: Clock, seconds: float) -> Expired:
    """Let time pass as a running store does, with a look every half second."""
    expired = retention.expired()
    for _ in range(round(seconds * 2)):
        clock.advance(0.5)
        expired = retention.expired()
    return expired


def test_nothing_of_an_earlier_run_is_deleted_until_the_server_has_run_for_a_while(clock: Clock) -> None:
    retention = Retention(None, 24 * HOUR)
    assert look(retention, clock, GRACE_SECONDS - 1).stored_at_us == 0
    assert look(retention, clock, 1).stored_at_us == clock.wall_us - 24 * HOUR * SECOND_US


def test_a_short_limit_has_a_short_while(clock: Clock) -> None:
    retention = Retention(None, 3)
    assert look(retention, clock, 2.5).stored_at_us == 0
    assert look(retention, clock, 0.5).stored_at_us == NOW_US


def test_a_start_under_a_leapt_clock_that_is_set_right_in_time_deletes_nothing_early(clock: Clock) -> None:
    clock.leap(30 * HOUR)
    retention = Retention(None, 24 * HOUR)
    assert look(retention, clock, 60).stored_at_us == 0
    clock.leap(-30 * HOUR)
    assert look(retention, clock, GRACE_SECONDS).stored_at_us == clock.wall_us - 24 * HOUR * SECOND_US


def test_a_clock_that_leaps_ahead_is_believed_after_a_while(clock: Clock) -> None:
    retention = Retention(None, 24 * HOUR)
    look(retention, clock, GRACE_SECONDS)
    clock.leap(30 * HOUR)
    before = look(retention, clock, GRACE_SECONDS - 1).stored_at_us
    assert before == clock.wall_us - 30 * HOUR * SECOND_US - 24 * HOUR * SECOND_US
    assert look(retention, clock, 2).stored_at_us == clock.wall_us - 24 * HOUR * SECOND_US


def test_events_of_this_run_age_by_the_steady_clock_alone(clock: Clock) -> None:
    retention = Retention(None, 100)
    retention.note(10)
    clock.advance(50)
    clock.leap(HOUR)  # the clock is ahead: what is stored now has a time in the future
    retention.note(20)
    clock.advance(49)
    assert retention.expired().offset == 0
    clock.leap(-HOUR)
    clock.advance(1)
    assert retention.expired().offset == 10
    clock.advance(50)
    assert retention.expired().offset == 20


def test_many_commits_are_remembered_in_bounded_memory(clock: Clock) -> None:
    retention = Retention(None, 1000)
    for head in range(1, 50_001):
        clock.advance(0.01)
        retention.note(head)
    assert len(retention._heads) <= 10_001
    clock.advance(1000)
    retention.note(50_001)
    assert retention.expired().offset >= 49_990


def test_a_log_most_of_which_is_too_old_at_the_start_is_announced(
    tmp_path_factory: pytest.TempPathFactory, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path_factory.mktemp("log") / "log.db"

    async def work() -> None:
        async with opening(SqliteStore(path, retain_seconds=HOUR)) as log:
            await log.append(*(Event("order.shipped", "1.0.0", f"e{n}", "or_1", "{}") for n in range(10)))
        real = time.time_ns
        monkeypatch.setattr(time, "time_ns", lambda: real() + 2 * HOUR * 10**9)
        async with opening(SqliteStore(path, retain_seconds=HOUR)) as log:
            await log.append(Event("order.shipped", "1.0.0", "new", "or_1", "{}"))
            assert len(ids(await log.events())) == 11
        [line] = [each.getMessage() for each in caplog.records if "--retain-seconds" in each.getMessage()]
        assert line.startswith(
            "10 of the 10 events of the log are older than --retain-seconds and will be deleted in 600 s;"
        )

    run(work())
