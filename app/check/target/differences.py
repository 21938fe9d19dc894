"""Compare the events that a request returned with the events that it must return.

Meanwhile other clients may publish new events, and the server may delete old events; neither counts as a difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from http import HTTPStatus

from app.check.findings import Deleted, Finding
from app.check.http.stream_blocks import OrderEvent
from app.check.request import Repeatable, Request, excerpt
from app.check.target.paging import Page, read_page
from app.check.target.stored_log import StoredLog
from app.check.target.target import Target


def differences(
    target: Target,
    log: StoredLog,
    expected: Sequence[OrderEvent],
    arrived: Sequence[OrderEvent],
    *,
    request: Repeatable,
    promised: str,
) -> Iterator[Finding]:
    """Yield a finding if the events that a request returned differ from the events that it must return.

    `expected`: the events that must arrive, taken from `log`. Events that the server has deleted since the log was read may be
    missing.
    `arrived`: the events that arrived. More events may follow the expected ones if they are not in the log, because they are
    newer.
    `promised`: the promise in the text of the finding.
    Raises Deleted if the server has deleted all expected events.
    """
    seen = _difference(log, expected, arrived)
    if seen is None:
        return
    gone = {event.id for event in log.events[: deleted(target, log)]}
    kept = [event for event in expected if event.id not in gone]
    if expected and not kept:
        raise Deleted("The server deleted the events to compare with while they were read.")
    left = [event for event in arrived if event.id not in gone]
    more = len(expected) - len(
        kept
    )  # a request with a limit is answered with later events in the place of deleted ones
    seen = _difference(log, kept, left[: max(len(kept), len(left) - more)])
    if seen is not None:
        text, ids = seen
        yield Finding(promised, text, request, ids)


def _difference(
    log: StoredLog, expected: Sequence[OrderEvent], arrived: Sequence[OrderEvent]
) -> tuple[str, tuple[str, ...]] | None:
    before = "the beginning"
    for index, event in enumerate(expected):
        if index == len(arrived):
            return f"after {before} nothing more came instead of {_named(event)}", (event.id,)
        other = arrived[index]
        if other != event:
            return f"after {before} came {_named(other)} instead of {_named(event)}", (event.id, other.id)
        before = excerpt(event.id)
    for other in arrived[len(expected) :]:
        if other.id in log.ids:
            return f"after {before} came {_named(other)}, which belongs elsewhere", (other.id,)
    return None


def _named(event: OrderEvent) -> str:
    return f"{excerpt(event.id)} {excerpt(event.event)} {excerpt(event.data)}"


def fetch_page(target: Target, log: StoredLog, request: Request) -> Page:
    """Fetch a page. Raises Deleted if it cannot be sent because the server has deleted events since `log` was read, else Violated."""
    response = target.session.fetch(request)
    if response.status == HTTPStatus.GONE and deleted(target, log):
        raise Deleted("The server deleted the events after which a page was to be read.")
    return read_page(target, response)


def deleted(target: Target, log: StoredLog) -> int:
    """Return how many events at the beginning of `log` the server has deleted since the log was read."""
    earliest = target.read(target.finite(("from", "earliest")), 1).events
    places = {event.id: index for index, event in enumerate(log.events)}
    if earliest and earliest[0].id in places:
        return places[earliest[0].id]
    # The server seems to have deleted the whole log. If it has, resuming inside the log must start with a gap.
    opening = target.session.read(target.finite(("lastEventId", log.events[0].id)), lambda reader: bool(reader.blocks))
    expired = (
        opening.blocks and opening.blocks[0].event == "stream.gap" and opening.blocks[0].member("reason") == "expired"
    )
    return len(log.events) if expired else 0
