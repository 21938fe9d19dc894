from __future__ import annotations

import math

import pytest

from app.events.filter import EVERYTHING
from app.events.log.event_log import EventLog
from app.events.log.start import Since, Start, StartRequest, locate_start
from app.events.position import Gap
from tests.events.logs import event, open_log

SECOND_US = 1_000_000
YEAR_2024_US = 1_714_557_600 * SECOND_US


async def log_of_ten(monkeypatch: pytest.MonkeyPatch, retain_events: int = 100) -> EventLog:
    """Ten events, the first stored at the start of the test's year, each next one a second later."""
    log = await open_log(retain_events=retain_events)
    for number in range(10):
        monkeypatch.setattr("time.time_ns", lambda at=number: (YEAR_2024_US + at * SECOND_US) * 1000)
        await log.append([event(f"e-{number + 1}")])
    return log


def request(log: EventLog, last_event_id: str) -> StartRequest:
    return StartRequest(last_event_id.replace("EPOCH", log.epochs.open.name))


async def test_a_reader_that_asks_for_nothing_starts_at_the_head(monkeypatch: pytest.MonkeyPatch) -> None:
    log = await log_of_ten(monkeypatch)
    assert await locate_start(log, StartRequest(), EVERYTHING) == Start(10, resumes=False)


async def test_the_earliest_is_just_before_the_oldest_event_that_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    log = await log_of_ten(monkeypatch, retain_events=4)
    assert await locate_start(log, StartRequest(origin="earliest"), EVERYTHING) == Start(6, resumes=False)


@pytest.mark.parametrize(("last_event_id", "after"), [("EPOCH-0", 0), ("EPOCH-7", 7), ("EPOCH-10", 10)])
async def test_a_reader_goes_on_after_a_known_id(
    monkeypatch: pytest.MonkeyPatch, last_event_id: str, after: int
) -> None:
    log = await log_of_ten(monkeypatch)
    assert await locate_start(log, request(log, last_event_id), EVERYTHING) == Start(after)


@pytest.mark.parametrize(
    ("last_event_id", "reason"),
    [
        ("EPOCH-0", "expired"),
        ("EPOCH-5", "expired"),
        ("EPOCH-11", "ahead"),
        ("zzzzzzzz-7", "foreign"),
        ("nope", "foreign"),
        ("-1", "foreign"),
        ("0x1", "foreign"),
        ("x" * 64, "foreign"),
    ],
)
async def test_an_id_that_cannot_be_resumed_is_a_gap_before_everything_kept(
    monkeypatch: pytest.MonkeyPatch, last_event_id: str, reason: str
) -> None:
    log = await log_of_ten(monkeypatch, retain_events=4)
    asked = request(log, last_event_id)
    start = await locate_start(log, asked, EVERYTHING)
    assert start.after == 6
    assert isinstance(start.gap, Gap)
    assert (start.gap.reason, start.gap.requested) == (reason, asked.last_event_id)
    assert await locate_start(log, StartRequest(str(start.gap.earliest)), EVERYTHING) == Start(6)


async def test_an_id_just_before_the_oldest_event_that_is_kept_has_lost_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = await log_of_ten(monkeypatch, retain_events=4)
    assert await locate_start(log, request(log, "EPOCH-6"), EVERYTHING) == Start(6)


async def test_a_foreign_id_on_an_empty_log_gets_a_gap_at_the_beginning() -> None:
    log = await open_log()
    start = await locate_start(log, StartRequest("nope"), EVERYTHING)
    assert start.gap == Gap("foreign", "nope", log.position(0))
    assert await locate_start(log, StartRequest(str(log.position(0))), EVERYTHING) == Start(0)


@pytest.mark.parametrize(
    ("stored_at_us", "after"),
    [
        (YEAR_2024_US, 0),
        (YEAR_2024_US + 1, 1),
        (YEAR_2024_US + 3 * SECOND_US, 3),
        (YEAR_2024_US + 9 * SECOND_US, 9),
        (YEAR_2024_US + 9 * SECOND_US + 1, 10),
        (YEAR_2024_US * 10, 10),
        (YEAR_2024_US - 1, 0),
        (0, 0),
        (-1, 0),
        (-62_135_596_800 * SECOND_US, 0),  # the year 1
    ],
)
async def test_since_starts_with_the_first_event_stored_at_or_after_a_time(
    monkeypatch: pytest.MonkeyPatch, stored_at_us: int, after: int
) -> None:
    log = await log_of_ten(monkeypatch)
    assert await locate_start(log, StartRequest(since=Since(stored_at_us, "as sent")), EVERYTHING) == Start(after)


@pytest.mark.parametrize(
    ("seconds", "lost"), [(-YEAR_2024_US, True), (0, True), (5, True), (5.000001, False), (6, False), (99, False)]
)
async def test_since_before_a_deleted_event_is_a_gap(
    monkeypatch: pytest.MonkeyPatch, seconds: float, *, lost: bool
) -> None:
    log = await log_of_ten(monkeypatch, retain_events=4)
    since = Since(round(YEAR_2024_US + seconds * SECOND_US), "2024-05-01T10:00:00Z")
    start = await locate_start(log, StartRequest(since=since), EVERYTHING)
    gap = Gap("expired", "2024-05-01T10:00:00Z", log.position(6))
    assert start == (Start(6, gap) if lost else Start(min(math.ceil(seconds), 10)))


async def test_an_id_goes_before_since_and_since_before_the_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    log = await log_of_ten(monkeypatch)
    since = Since(YEAR_2024_US + 3 * SECOND_US, "as sent")
    asked = StartRequest(str(log.position(8)), since, "earliest")
    assert await locate_start(log, asked, EVERYTHING) == Start(8)
    assert await locate_start(log, StartRequest(None, since, "earliest"), EVERYTHING) == Start(3)
