"""Compare what came with what must come, while publishers append and retention deletes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.check.findings import Deleted, Finding
from app.check.http.blocks import OrderEvent
from app.check.request import Request, shown
from app.check.target.stored_log import Log
from app.check.target.target import Target


def differences(
    target: Target,
    log: Log,
    expected: Sequence[OrderEvent],
    came: Sequence[OrderEvent],
    *,
    request: Request,
    promised: str,
) -> Iterator[Finding]:
    """Find where what came is not what the log has.

    `expected` are events of the log, all that it has up to its end. What came after them may be newer than the log is; what the
    server has deleted since need not have come. Raises Deleted where that is all of it.
    """
    seen = _difference(log, expected, came)
    if seen is None:
        return
    gone = {event.id for event in log.events[: deleted(target, log)]}
    kept = [event for event in expected if event.id not in gone]
    if expected and not kept:
        raise Deleted("The server deleted the events to compare with while they were read.")
    seen = _difference(log, kept, [event for event in came if event.id not in gone])
    if seen is not None:
        text, ids = seen
        yield Finding(promised, text, request, ids)


def _difference(
    log: Log, expected: Sequence[OrderEvent], came: Sequence[OrderEvent]
) -> tuple[str, tuple[str, ...]] | None:
    before = "the beginning"
    for index, event in enumerate(expected):
        if index == len(came):
            return f"after {before} came nothing more instead of {_named(event)}", (event.id,)
        other = came[index]
        if other != event:
            return f"after {before} came {_named(other)} instead of {_named(event)}", (event.id, other.id)
        before = shown(event.id)
    for other in came[len(expected) :]:
        if other.id in log.ids:
            return f"after {before} came {_named(other)}, which has its place elsewhere", (other.id,)
    return None


def _named(event: OrderEvent) -> str:
    return f"{shown(event.id)} {shown(event.event)} {shown(event.data)}"


def deleted(target: Target, log: Log) -> int:
    """Ask how many events at the beginning of the log the server has deleted since it was read."""
    earliest = target.read(target.finite(("from", "earliest")), 1).events
    places = {event.id: index for index, event in enumerate(log.events)}
    if earliest and earliest[0].id in places:
        return places[earliest[0].id]
    # None of the log is left, if that is true: then resuming in it must say so.
    opening = target.connection.read(
        target.finite(("lastEventId", log.events[0].id)), lambda reader: bool(reader.blocks)
    )
    told = (
        opening.blocks and opening.blocks[0].event == "stream.gap" and opening.blocks[0].member("reason") == "expired"
    )
    return len(log.events) if told else 0
