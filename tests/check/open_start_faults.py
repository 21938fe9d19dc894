"""Faults of where streams start that stay open, and of what follows an id that is unknown. Each has the check that must find it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from tests.check.broken_server import Change, Fault, Head, Received
from tests.check.faults import Planted, answers, order_events, stays_open, with_json
from tests.check.selection_faults import by_the_parameter
from tests.check.start_faults import SOON, asking, dropped, from_beginning


def is_unknown(asked: Received) -> bool:
    return (asked.last_event_id or "").startswith("no-such")


def names_no_place(asked: Received) -> bool:
    return not asked.has("from", "lastEventId", "since") and asked.last_event_id is None


def resumes_by_parameter(asked: Received) -> bool:
    return stays_open(asked) and asked.has("lastEventId") and not asked.has("since") and not is_unknown(asked)


def without_header(asked: Received) -> Received:
    return replace(asked, headers={name: value for name, value in asked.headers.items() if name != "last-event-id"})


def has_id_and_time(asked: Received) -> bool:
    return stays_open(asked) and asked.has("lastEventId") and asked.has("since")


def gap_that_runs_ahead() -> Fault:
    """Give each gap the id of the newest event that any stream has had."""
    newest: list[bytes] = []

    def change(piece: bytes) -> bytes:
        if b"\nevent: order." in piece:
            newest.extend(re.findall(rb"^id: (.*)", piece, re.MULTILINE))
        if b"event: stream.gap" not in piece or not newest:
            return piece
        return piece.replace(re.findall(rb"^id: (.*)", piece, re.MULTILINE)[0], newest[-1])

    return Fault(streams=lambda _: change)


def with_late_earliest(given: Head) -> Head:
    return with_json(lambda problem: {**problem, "earliest": re.sub("-0$", "-3", problem["earliest"])})(given)


def nothing() -> Change:
    return lambda _: b""


PLANTED_AT_OPEN_STARTS: Final[Mapping[str, Planted]] = {
    "a stream that stays open ignores since": Planted(
        asking(dropped("since"), lambda asked: stays_open(asked) and not asked.has("from", "lastEventId")),
        "start-open",
        SOON,
    ),
    "since wins over an id on a stream that stays open": Planted(
        asking(dropped("lastEventId"), has_id_and_time), "start-open"
    ),
    "the parameter wins over the header on a stream that stays open": Planted(
        asking(by_the_parameter, stays_open), "start-open"
    ),
    "a page ignores the header": Planted(asking(without_header, lambda asked: asked.wants_page), "header-wins"),
    "a stream that stays open ignores the parameter": Planted(
        asking(dropped("lastEventId"), resumes_by_parameter), "resume-open", SOON
    ),
    "a stream that stays open begins with stored events": Planted(
        asking(from_beginning, lambda asked: stays_open(asked) and names_no_place(asked)), "from-latest"
    ),
    "a page from the latest event on begins with the earliest": Planted(
        asking(from_beginning, lambda asked: asked.wants_page and [*asked.parameters] == [("from", "latest")]),
        "from-latest",
    ),
    "a gap has the id of the newest event": Planted(gap_that_runs_ahead, "foreign-id"),
    "no event follows a gap on a stream that stays open": Planted(
        lambda: order_events(nothing, lambda asked: stays_open(asked) and is_unknown(asked)), "foreign-id", SOON
    ),
    "a lost page goes on after some events": Planted(
        lambda: answers(with_late_earliest, lambda asked, given: given.status == 410 and is_unknown(asked)), "lost-page"
    ),
}
