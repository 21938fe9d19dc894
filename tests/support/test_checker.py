"""The checker finds every planted fault, and none in a faultless stream."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import pytest

from tests.support.checker import (
    Delivered,
    Entry,
    GapSeen,
    Ledger,
    Malformed,
    Mark,
    SubscriberLog,
    judge,
    read_frame,
)

SHIPPED = "order.shipped"
CANCELLED = "order.cancelled"
MARKS = [Mark(counter % 2, counter // 2) for counter in range(12)]


def event_type(mark: Mark) -> str:
    return SHIPPED if mark.counter % 3 else CANCELLED


def event(place: int) -> Delivered:
    return Delivered(f"e-{place}", MARKS[place], event_type(MARKS[place]))


def events(*places: int) -> list[Entry]:
    return [event(place) for place in places]


def expired() -> GapSeen:
    return GapSeen("e-5", "expired", "e-2")


def ledger(*, in_doubt: Sequence[int] = ()) -> Ledger:
    acknowledged = {mark: f"e-{place}" for place, mark in enumerate(MARKS) if place not in in_doubt}
    return Ledger({mark: event_type(mark) for mark in MARKS}, acknowledged)


def log_of(entries: list[Entry], name: str = "s", **others: object) -> SubscriberLog:
    log = SubscriberLog(name, entries=entries)
    for attribute, value in others.items():
        setattr(log, attribute, value)
    return log


def kinds(
    log: SubscriberLog, *others: SubscriberLog, book: Ledger | None = None, gaps: Sequence[str] = ()
) -> list[str]:
    return sorted(fault.kind for fault in judge(book or ledger(), [log, *others], gaps=gaps))


ALL = range(12)


def test_log_with_everything_once_in_order_has_no_fault() -> None:
    assert kinds(log_of(events(*ALL)), log_of(events(*ALL), "t")) == []


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        pytest.param([], ["lost"] * 12, id="nothing delivered"),
        pytest.param(events(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11), ["lost"], id="first event missing"),
        pytest.param(events(0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11), ["lost"], id="hole in the middle"),
        pytest.param(events(*range(10)), ["lost", "lost"], id="end missing"),
        pytest.param(events(0, 0, *range(1, 12)), ["duplicated"], id="event twice in a row"),
        pytest.param(events(*ALL, 3), ["duplicated"], id="event again much later"),
        pytest.param(events(0, 3, 2, 1, *range(4, 12)), ["reordered"], id="order of one publisher turned round"),
        pytest.param([*events(*ALL), Malformed("?")], ["malformed"], id="malformed frame"),
        pytest.param([*events(*ALL), Delivered("e-99", Mark(7, 0), SHIPPED)], ["foreign"], id="event that nobody sent"),
        pytest.param([Delivered("e-0", MARKS[0], SHIPPED), *events(*range(1, 12))], ["foreign"], id="another type than was sent"),
        pytest.param([Delivered("e-77", MARKS[0], CANCELLED), *events(*range(1, 12))], ["misnumbered"], id="another id than was acknowledged"),
        pytest.param([*events(*range(6)), expired(), *events(*range(6, 12))], ["gap"], id="gap without cause"),
    ],
)  # fmt: skip
def test_planted_fault_is_found(entries: list[Entry], found: list[str]) -> None:
    assert kinds(log_of(entries)) == found


def test_order_that_differs_between_subscribers_is_found() -> None:
    # Each order is right by itself: both keep the order of every publisher.
    assert kinds(log_of(events(*ALL)), log_of(events(1, 0, *range(2, 12)), "t")) == ["reordered"]


def test_order_that_only_three_subscribers_together_contradict_is_found() -> None:
    book = Ledger({Mark(p, 0): SHIPPED for p in range(3)}, {Mark(p, 0): f"e-{p}" for p in range(3)})
    first, second, third = (Delivered(f"e-{p}", Mark(p, 0), SHIPPED) for p in range(3))

    def one_of(*wanted: int) -> Callable[[Mark, str], bool]:
        return lambda mark, _: mark.publisher in wanted

    logs = [
        log_of([first, second], "a", wants=one_of(0, 1)),
        log_of([second, third], "b", wants=one_of(1, 2)),
        log_of([third, first], "c", wants=one_of(0, 2)),
    ]
    assert [fault.kind for fault in judge(book, logs)] == ["reordered"]


def test_event_in_doubt_may_be_absent_everywhere() -> None:
    assert kinds(log_of(events(*range(11))), book=ledger(in_doubt=[11])) == []


def test_event_in_doubt_that_one_subscriber_saw_is_lost_to_the_other() -> None:
    assert kinds(log_of(events(*ALL)), log_of(events(*range(11)), "t"), book=ledger(in_doubt=[11])) == ["lost"]


def test_event_in_doubt_that_came_twice_is_found() -> None:
    assert kinds(log_of([*events(*ALL), event(11)]), book=ledger(in_doubt=[11])) == ["duplicated"]


def test_id_given_to_two_events_is_found() -> None:
    reused = Delivered("e-0", MARKS[11], event_type(MARKS[11]))
    assert kinds(log_of([*events(*range(11)), reused]), book=ledger(in_doubt=[11])) == ["misnumbered"]


def test_id_acknowledged_for_two_events_is_found() -> None:
    book = ledger()
    book.acknowledged[MARKS[11]] = "e-0"
    assert "misnumbered" in kinds(log_of(events(*ALL)), book=book)


def test_event_with_two_ids_is_found() -> None:
    other = Delivered("e-77", MARKS[11], event_type(MARKS[11]))
    assert kinds(log_of(events(*ALL)), log_of([*events(*range(11)), other], "t"), book=ledger(in_doubt=[11])) == [
        "misnumbered"
    ]


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        pytest.param([*events(0, 1, 2), expired(), *events(*range(6, 12))], [], id="gap where the hole is"),
        pytest.param([expired(), *events(*range(6, 12))], [], id="gap before the first event"),
        pytest.param([*events(*range(9)), expired()], [], id="gap after the last event"),
        pytest.param([*events(0, 1, 4, 5), expired(), *events(*range(6, 12))], ["lost", "lost"], id="hole before the gap"),
        pytest.param([*events(0, 1), expired(), *events(4, 5, 8, 9, 10, 11)], ["lost", "lost"], id="hole after the gap"),
        pytest.param([*events(0, 1, 2), *events(*range(6, 12))], ["lost"] * 3, id="hole and no gap"),
        pytest.param([*events(0, 1, 2), expired(), *events(*range(1, 12))], ["duplicated"] * 2, id="going back after expired"),
    ],
)  # fmt: skip
def test_gap_excuses_only_the_events_missing_in_its_place(entries: list[Entry], found: list[str]) -> None:
    assert kinds(log_of(entries), gaps=["expired"]) == found


@pytest.mark.parametrize("reason", ["foreign", "ahead"])
@pytest.mark.parametrize(
    ("again", "found"), [(ALL, []), (range(3, 12), []), ((0, 1, 2, 5, 6, 7, 8, 9, 10, 11), ["lost", "lost"])]
)
def test_everything_kept_is_expected_again_after_a_foreign_or_ahead_gap(
    reason: str, again: Sequence[int], found: list[str]
) -> None:
    entries = [*events(0, 1, 2), GapSeen("e-x", reason, "e-2"), *events(*again)]
    assert kinds(log_of(entries), gaps=[reason]) == found


def test_filtered_events_are_not_lost_and_breaking_the_filter_is_found() -> None:
    shipped = [event(place) for place in ALL if event_type(MARKS[place]) == SHIPPED]
    wants = lambda _mark, kind: kind == SHIPPED  # noqa: E731
    assert kinds(log_of(list(shipped), wants=wants)) == []
    assert set(kinds(log_of(events(*ALL), wants=wants))) == {"foreign"}
    assert kinds(log_of(list(shipped[1:]), wants=wants)) == ["lost"]


def test_subscriber_that_joined_late_need_not_have_earlier_events() -> None:
    assert kinds(log_of(events(*range(4, 12)), since={0: 2, 1: 2})) == []
    assert kinds(log_of(events(*range(5, 12)), since={0: 2, 1: 2})) == ["lost"]


ORDER = {"orderId": "p3-000017", "when": "2024-05-01T10:00:00Z"}
GAP = {"reason": "expired", "requested": "a-1", "earliest": "a-5"}


def test_frames_of_the_contract_are_read() -> None:
    assert read_frame(SHIPPED, json.dumps(ORDER), "a-1") == Delivered("a-1", Mark(3, 17), SHIPPED)
    assert read_frame("stream.gap", json.dumps(GAP), "a-5") == GapSeen("a-5", "expired", "a-1")
    assert read_frame("stream.checkpoint", "{}", "a-5") is None
    assert read_frame("stream.closing", '{"reason":"drain"}', "") is None


@pytest.mark.parametrize(
    ("name", "data", "identifier"),
    [
        ("", "", "a-1"),
        ("", json.dumps(ORDER), "a-1"),
        ("message", json.dumps(ORDER), "a-1"),
        ("order.placed", json.dumps(ORDER), "a-1"),
        (SHIPPED, json.dumps(ORDER), ""),
        (SHIPPED, json.dumps(ORDER), "a:1"),
        (SHIPPED, json.dumps(ORDER)[:-1], "a-1"),
        (SHIPPED, json.dumps([ORDER]), "a-1"),
        (SHIPPED, json.dumps({**ORDER, "orderId": "x"}), "a-1"),
        (SHIPPED, json.dumps({"orderId": "p3-000017"}), "a-1"),
        ("stream.gap", json.dumps(GAP), "a-6"),
        ("stream.gap", json.dumps({"reason": "expired"}), "a-5"),
        ("stream.checkpoint", '{"a":1}', "a-5"),
        ("stream.checkpoint", "{}", ""),
        ("stream.closing", "{}", "a-5"),
    ],
)
def test_frame_outside_the_contract_is_malformed(name: str, data: str, identifier: str) -> None:
    assert isinstance(read_frame(name, data, identifier), Malformed)
