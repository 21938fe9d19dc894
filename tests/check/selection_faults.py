"""Faults of which events a reader is sent: those after an id, those of a page, those of a filter, and those to come.

Each has the check that must find it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from tests.check.broken_server import Fault, Head, Received
from tests.check.faults import (
    EVENTS,
    Planted,
    answers,
    dropping,
    each_stream,
    follows_everything,
    order_events,
    repeating,
    resumes,
    status_is,
    swapping,
    with_json,
    without_header,
)


def reads_first_page(asked: Received, given: Head) -> bool:
    return asked.wants_page and asked.has("from") and given.status == 200


def filters_types(asked: Received) -> bool:
    chosen = asked.has("eventTypes") and asked.has("from") and not asked.has("orderId", "limit")
    return chosen and not asked.wants_page and asked.path == EVENTS


def unfiltered(asked: Received) -> Received:
    return asked.without("eventTypes") if filters_types(asked) else asked


def half_filtered(asked: Received) -> Received:
    parameters = [
        (name, value.partition(",")[0] if name == "eventTypes" else value) for name, value in asked.parameters
    ]
    return replace(asked, parameters=parameters) if asked.has("from") else asked


def of_all_orders(asked: Received) -> Received:
    chosen = asked.has("from") and asked.has("orderId") and not asked.all("orderId")[0].startswith("nobody")
    return asked.without("orderId") if chosen else asked


def from_the_earliest(asked: Received) -> Received:
    """Send the request as if it had no unknown id."""
    unknown = not asked.wants_page and asked.path == EVENTS and (asked.last_event_id or "").startswith("no-such")
    return without_header(asked.without("lastEventId"), "from", "earliest") if unknown else asked


def gap_of_nothing(piece: bytes) -> bytes:
    """Make a gap of the checkpoint with which a stream begins."""
    begins = piece.startswith(b"retry") and b"event: stream.checkpoint" in piece
    if not begins:
        return piece
    id = re.findall(rb"^id: (.*)", piece, re.MULTILINE)[0]
    data = b'data: {"reason":"expired","requested":"%b","earliest":"%b"}' % (id, id)
    return piece.replace(b"stream.checkpoint", b"stream.gap").replace(b"data: {}", data)


def by_the_parameter(asked: Received) -> Received:
    if not asked.has("lastEventId"):
        return asked
    return replace(asked, headers={name: value for name, value in asked.headers.items() if name != "last-event-id"})


def lacking_second(page: Any) -> Any:
    return {**page, "events": [*page["events"][:1], *page["events"][2:]]}


PLANTED_IN_SELECTIONS: Final[Mapping[str, Planted]] = {
    "resuming omits the first event": Planted(lambda: order_events(dropping(0), resumes), "resume"),
    "resuming omits a later event": Planted(lambda: order_events(dropping(2), resumes), "resume"),
    "resuming repeats an event": Planted(lambda: order_events(repeating(0), resumes), "resume"),
    "resuming changes the order": Planted(lambda: order_events(swapping, resumes), "resume"),
    "resuming changes an event": Planted(
        lambda: order_events(lambda: lambda piece: piece.replace(b":", b": ", 5), resumes), "resume"
    ),
    "resuming reports a gap although there is none": Planted(lambda: each_stream(gap_of_nothing, resumes), "resume"),
    "the parameter wins over the header": Planted(lambda: Fault(asks=by_the_parameter), "header-wins"),
    "an unknown id is not reported": Planted(lambda: Fault(asks=from_the_earliest), "foreign-id"),
    "a gap has another id": Planted(
        lambda: each_stream(
            lambda piece: re.sub(rb"\nid: .*\nevent: stream.gap", b"\nid: a-1\nevent: stream.gap", piece)
        ),
        "foreign-id",
    ),
    "a page lacks an event": Planted(lambda: answers(with_json(lacking_second), reads_first_page), "paging"),
    "the filter lets other types pass": Planted(lambda: Fault(asks=unfiltered), "event-type-filter"),
    "the filter reads one type of a list": Planted(lambda: Fault(asks=half_filtered), "event-type-filter"),
    "the filter loses an event": Planted(lambda: order_events(dropping(0), filters_types), "event-type-filter"),
    "the filter lets other orders pass": Planted(lambda: Fault(asks=of_all_orders), "order-filter"),
    "an open stream changes the order": Planted(lambda: order_events(swapping, follows_everything), "live"),
    "a lost page is not found": Planted(
        lambda: answers(lambda given: replace(given, status=404), status_is(410)), "lost-page"
    ),
}
