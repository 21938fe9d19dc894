"""Faults of where streams and pages start, and of what streams that stay open have, each with the check that must find it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from app.check.target.target import Options
from tests.check.broken_server import HEARTBEAT, Change, Fault, Head, Received
from tests.check.faults import (
    EVENTS,
    Planted,
    answers,
    dropping,
    each_stream,
    keep,
    order_events,
    repeating,
    stays_open,
    with_json,
    without_header,
)

AHEAD: Final = "-1000000000000000"
SOON: Final = Options(quick=True, timeout_seconds=3)  # for faults with which an event never arrives
BEATING: Final = Options(heartbeat_seconds=0.3)


def asking(change: Callable[[Received], Received], when: Callable[[Received], bool]) -> Callable[[], Fault]:
    """Change some requests for events."""
    return lambda: Fault(asks=lambda asked: change(asked) if asked.path == EVENTS and when(asked) else asked)


def dropped(*names: str) -> Callable[[Received], Received]:
    return lambda asked: asked.without(*names)


def no_id(asked: Received) -> Received:
    return without_header(asked.without("lastEventId", "from"), "from", "latest")


def from_beginning(asked: Received) -> Received:
    return without_header(asked.without("lastEventId", "from"), "from", "earliest")


def malformed(asked: Received) -> Received:
    return without_header(asked.without("lastEventId"), "lastEventId", "not.an.id")


def is_ahead(asked: Received) -> bool:
    return (asked.last_event_id or "").endswith(AHEAD)


def is_part(asked: Received) -> bool:
    return re.fullmatch("[0-9a-z]{8}", asked.last_event_id or "") is not None


def filters(asked: Received) -> bool:
    return asked.has("eventTypes", "orderId") and not asked.has("from", "lastEventId", "since", "limit")


def filters_new_events(asked: Received) -> bool:
    chosen = asked.follows and not asked.wants_page and filters(asked) and asked.path == EVENTS
    return chosen and not any(order.startswith("nobody") for order in asked.all("orderId"))


def resumes_open(asked: Received) -> bool:
    known = asked.last_event_id is not None and "-" in asked.last_event_id and "no-such" not in asked.last_event_id
    return known and stays_open(asked)


def has_a_time(asked: Received) -> bool:
    texts = asked.all("since")
    return len(texts) == 1 and re.fullmatch(r"\d{4}-(?!02-30).*(Z|[+-]\d\d:\d\d)", texts[0]) is not None


def is_later(asked: Received) -> bool:
    return has_a_time(asked) and any(
        text > (datetime.now(UTC) + timedelta(hours=1)).isoformat() for text in asked.all("since")
    )


def a_moment_later(asked: Received) -> Received:
    """Add a millisecond to `since`."""
    (text,) = asked.all("since")
    later = (datetime.fromisoformat(text) + timedelta(milliseconds=1)).isoformat()
    return replace(asked, parameters=[*asked.without("since").parameters, ("since", later)])


def running_ahead() -> Fault:
    """Begin streams of everything that stay open with the id of the newest event that any stream has had."""
    newest: list[bytes] = []

    def streams(asked: Received) -> Change:
        def change(piece: bytes) -> bytes:
            if b"\nevent: order." in piece:
                newest.append(piece.split(b"\n", 1)[0])
            begins = piece.startswith(b"retry") and asked.follows and asked.all("from") == ["earliest"]
            return re.sub(rb"\nid: .*", b"\n" + newest[-1], piece, count=1) if begins and newest else piece

        return change

    return Fault(streams=streams)


def is_checkpoint(piece: bytes) -> bool:
    return b"event: stream.checkpoint" in piece and not piece.startswith(b"retry")


def standing_still() -> Fault:
    """Send every checkpoint with the id of the stream's first frame."""

    def streams(asked: Received) -> Change:
        first: list[bytes] = []

        def change(piece: bytes) -> bytes:
            first.extend(re.findall(rb"^id: .*", piece, re.MULTILINE)[: 1 - len(first)])
            return re.sub(rb"^id: .*", first[0], piece) if is_checkpoint(piece) else piece

        return change if asked.follows else keep

    return Fault(streams=streams)


def finite(asked: Received) -> bool:
    return not asked.follows


def empty_page(_: Received, given: Head) -> bool:
    return given.status == 200 and b'"events":[]' in given.body.replace(b" ", b"")


PLANTED_AT_STARTS: Final[Mapping[str, Planted]] = {
    "an id that is ahead starts at the end": Planted(asking(no_id, is_ahead), "near-ids"),
    "an id that is ahead is foreign": Planted(
        lambda: each_stream(lambda piece: piece.replace(b'"reason":"ahead"', b'"reason":"foreign"')), "near-ids"
    ),
    "a page after an id that is ahead is empty": Planted(
        asking(no_id, lambda asked: asked.wants_page and is_ahead(asked)), "near-ids"
    ),
    "a part of an id is enough": Planted(asking(from_beginning, is_part), "near-ids"),
    "a part of an id is enough to follow": Planted(
        asking(from_beginning, lambda asked: asked.follows and is_part(asked)), "near-ids"
    ),
    "an empty header is malformed": Planted(
        asking(malformed, lambda asked: asked.headers.get("last-event-id") == ""), "empty-id"
    ),
    "an empty parameter is malformed": Planted(
        asking(malformed, lambda asked: asked.all("lastEventId") == [""]), "empty-id"
    ),
    "an empty header wins over the parameter": Planted(
        asking(lambda asked: asked.without("lastEventId"), lambda asked: asked.headers.get("last-event-id") == ""),
        "empty-id",
    ),
    "since wins over an id": Planted(
        asking(no_id, lambda asked: asked.has("lastEventId") and asked.has("since")), "start-order"
    ),
    "from wins over since": Planted(
        asking(dropped("since"), lambda asked: asked.has("since") and asked.has("from")), "start-order"
    ),
    "since is ignored": Planted(
        asking(dropped("since"), lambda asked: has_a_time(asked) and not asked.has("from")), "since"
    ),
    "since is exclusive": Planted(
        asking(a_moment_later, lambda asked: has_a_time(asked) and not asked.has("from") and not is_later(asked)),
        "since",
    ),
    "a time in the future is the beginning": Planted(
        asking(lambda asked: from_beginning(asked.without("since")), is_later), "since"
    ),
    "a stream that stays open loses the first event after an id": Planted(
        lambda: order_events(dropping(0), resumes_open), "resume-open", SOON
    ),
    "a stream that stays open repeats the first event after an id": Planted(
        lambda: order_events(repeating(0), resumes_open), "resume-open"
    ),
    "the first id runs ahead of what follows": Planted(running_ahead, "first-id"),
    "new events are not filtered": Planted(
        lambda: Fault(
            asks=lambda asked: asked.without("eventTypes", "orderId") if filters_new_events(asked) else asked
        ),
        "filter-open",
    ),
    "new events that match are lost": Planted(
        lambda: order_events(lambda: lambda _: b"", filters_new_events), "filter-open", SOON
    ),
    "new events need to match one of the filters": Planted(
        lambda: Fault(
            asks=lambda asked: (
                asked.without("orderId") if filters_new_events(asked) and asked.has("eventTypes") else asked
            )
        ),
        "filter-open",
    ),
    "stored events need to match one of the filters": Planted(
        asking(
            dropped("orderId"),
            lambda asked: asked.has("from") and asked.has("eventTypes") and asked.has("orderId"),
        ),
        "both-filters",
    ),
    "a heartbeat after events that were skipped is a comment": Planted(
        lambda: each_stream(lambda piece: HEARTBEAT if is_checkpoint(piece) else piece, lambda asked: asked.follows),
        "skipped-events",
        BEATING,
    ),
    "a checkpoint has the first id of the stream": Planted(standing_still, "skipped-events", BEATING),
    "a stream ends without a checkpoint": Planted(
        lambda: each_stream(lambda piece: b"" if is_checkpoint(piece) else piece, finite), "end-checkpoint"
    ),
    "a page has ten events": Planted(
        asking(
            lambda asked: replace(asked, parameters=[*asked.parameters, ("limit", "10")]),
            lambda asked: asked.wants_page and [name for name, _ in asked.parameters] == ["from"],
        ),
        "page-size",
    ),
    "an empty page stays behind": Planted(
        lambda: answers(
            with_json(lambda page: {**page, "lastEventId": f"{page['lastEventId'].partition('-')[0]}-0"}),
            lambda asked, given: empty_page(asked, given) and asked.has("orderId") and asked.method == "GET",
        ),
        "page-position",
    ),
    "a filtered page loses an event": Planted(
        lambda: answers(
            with_json(lambda page: {**page, "events": page["events"][1:]}),
            lambda asked, given: (
                asked.wants_page and asked.has("eventTypes") and not asked.has("orderId") and given.status == 200
            ),
        ),
        "page-position",
    ),
    "an empty page does not wait": Planted(
        asking(dropped("wait"), lambda asked: asked.wants_page and asked.all("wait") == ["1"]), "page-wait"
    ),
}
