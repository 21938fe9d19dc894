"""Checks of the counts of stored events, and of the times by which events are counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from app.check.checks.following import begins_with_gap, is_expired
from app.check.findings import Finding, NotSeen, Violated
from app.check.request import Pairs, Request, Response, excerpt
from app.check.target.differences import deleted
from app.check.target.probe_events import new_event, new_order, publish
from app.check.target.problem_faults import refused
from app.check.target.stored_times import TimedEvent, distinct, instant, timed_events
from app.check.target.target import Target

MOST_INTERVALS: Final = 1000

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY: Final = timedelta(days=1)

Counted = Mapping[tuple[datetime, str], int]


def stored_at(target: Target) -> Iterator[Finding]:
    """The times at which the events of the log were stored never decrease, and none is in the future.

    This check reads the times on pages; it yields a finding for each that is earlier than the one before, or more than a day ahead.
    """
    timed = timed_events(target, in_order=False)
    for before, after in pairwise(timed):
        if after.stored_at < before.stored_at:
            promised = "`storedAt` never decreases from one event of the log to the next."
            seen = f"{after.text} comes after {before.text}"
            yield Finding(promised, seen, target.page(("from", "earliest")), (before.event.id, after.event.id))
    if timed[-1].stored_at > datetime.now(UTC) + _DAY:
        yield Finding("`storedAt` is not in the future.", timed[-1].text, target.page(("from", "earliest")))


def counts(target: Target) -> Iterator[Finding]:
    """The counts of an interval are those of the events that pages show to be stored in it, of all types or of those asked for.

    This check counts the events between two times, all and of one type, and yields a finding for each number that is different. Raises
    NotSeen if the contract has no counts, or events have no times.
    """
    path = _path(target)
    timed = timed_events(target)
    first, *later = distinct(timed)
    until = later[-1].stored_at if later else first.stored_at + timedelta(milliseconds=1)
    seconds = int((until - first.stored_at).total_seconds()) // (MOST_INTERVALS - 2) + 1
    times = (("since", first.text), ("until", until.isoformat()), ("intervalSeconds", str(seconds)))
    for types in ((), target.order_types[:1]):
        filters = tuple(("eventTypes", type) for type in types)
        request = Request(path, (*times, *filters))
        chosen = [each for each in timed if each.stored_at < until and (not types or each.event.event in types)]
        counted = _counted(target, target.session.fetch(request))
        expected = _by_interval(chosen, seconds)
        if counted != expected and not deleted(target, target.log()):
            yield Finding("Each event is counted in its interval.", _differing(counted, expected), request)


def counts_position(target: Target) -> Iterator[Finding]:
    """The `lastEventId` of counts is just after the newest event that was counted; an acknowledged event is counted.

    This check counts all events, and reads a stream after the `lastEventId`; it yields a finding if that has an event that was counted.
    With `--publish`, it counts the events of an order before and after one is published.
    """
    request = Request(_path(target))
    log = target.log()
    position = _answer(target, target.session.fetch(request))["lastEventId"]
    stream = target.read(target.finite(("lastEventId", position)), 1)
    again = [each.id for each in stream.events[:1] if each.id in log.ids]
    if not is_expired(stream) and (again or begins_with_gap(stream)):
        seen = f"after {excerpt(position)} come {again or 'a gap'}"
        yield Finding("The counts have the id after which events were not counted.", seen, request, tuple(again))
    if target.options.publish:
        yield from _of_one_order(target)


def _of_one_order(target: Target) -> Iterator[Finding]:
    order = new_order()
    request = Request(_path(target), (("orderId", order),))
    for expected in (0, 1):
        came = sum(_counted(target, target.session.fetch(request)).values())
        if came != expected:
            seen = f"{came} and not {expected} events are counted"
            yield Finding("An event is counted once it was acknowledged.", seen, request)
        publish(target, new_event(target, order))


def counts_refusals(target: Target) -> Iterator[Finding]:
    """Counts with too many intervals, an unknown parameter or a bad time are refused with 400."""
    path = _path(target)
    now = datetime.now(UTC)
    wide = (("since", (now - timedelta(hours=1)).isoformat()), ("until", now.isoformat()), ("intervalSeconds", "1"))
    refusals: tuple[Pairs, ...] = (
        wide,
        (("intervalSeconds", "0"),),
        (("until", "soon"),),
        (("no-such-parameter", "1"),),
    )
    for parameters in refusals:
        yield from refused(target, Request(path, parameters), 400, "Such counts are refused")


def _path(target: Target) -> str:
    path = target.contract.paths.get("countOrderEvents")
    if path is None or target.contract.counts is None:
        raise NotSeen("The contract has no operation countOrderEvents.")
    return path


def _answer(target: Target, response: Response) -> Mapping[str, Any]:
    """Return the counts in a response. Raises Violated if they are not as the contract describes them."""
    try:
        answer = response.json()
    except ValueError:
        answer = None
    schema = target.contract.counts
    if response.status != 200 or schema is None or schema.violations(answer, 1)[1]:
        raise Violated(Finding("Counts are as the contract describes them.", str(response), response.request))
    found: Mapping[str, Any] = answer
    return found


def _counted(target: Target, response: Response) -> Counted:
    intervals = _answer(target, response)["intervals"]
    return {
        (instant(each["start"]) or _EPOCH, type): count for each in intervals for type, count in each["counts"].items()
    }


def _by_interval(timed: Sequence[TimedEvent], seconds: int) -> Counted:
    length = timedelta(seconds=seconds)
    return Counter((_EPOCH + (each.stored_at - _EPOCH) // length * length, each.event.event) for each in timed)


def _differing(counted: Counted, expected: Counted) -> str:
    start, type = next(key for key in (*expected, *counted) if counted.get(key, 0) != expected.get(key, 0))
    came, were = counted.get((start, type), 0), expected.get((start, type), 0)
    return f"{came} and not {were} of {excerpt(type)} from {start.isoformat()}"
