"""Checks of pages: how long they wait, how many events they have, and from where the next one goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from app.check.checks.filters import of_types
from app.check.findings import Finding, NoAnswer, NotSeen
from app.check.published_contract import STREAM
from app.check.request import Pairs, Request, excerpt
from app.check.target.differences import deleted, differences, fetch_page
from app.check.target.paging import PageEvent, read_page, walk
from app.check.target.probe_events import new_event, new_order, publish
from app.check.target.problem_faults import refused
from app.check.target.stored_log import as_values
from app.check.target.target import SLACK_SECONDS, Target

_WAIT_SECONDS: Final = 1
_LONG_WAIT_SECONDS: Final = 20
_MOST_PAGES: Final = 20
_STREAM: Final = (("Accept", STREAM),)


def page_wait(target: Target) -> Iterator[Finding]:
    """`wait` holds an empty page until an event matches or the time is up; a stream is not held.

    This check yields a finding if an empty page comes before its time, or long after it, or a stream late; and, with `--publish`, if an event
    that is published meanwhile does not end the wait.
    """
    began = time.monotonic()
    response = target.session.fetch(target.page(target.matching_nothing, ("wait", str(_WAIT_SECONDS))))
    waited = time.monotonic() - began
    if read_page(target, response).events or waited < 0.9 * _WAIT_SECONDS:
        yield Finding("An empty page comes after the time to wait.", f"it came after {waited:.2f} s", response.request)
    elif waited > _WAIT_SECONDS + max(SLACK_SECONDS, target.options.timeout_seconds / 2):
        yield Finding("A page waits no longer than it is to.", f"it came after {waited:.2f} s", response.request)
    yield from _not_held(target)
    if target.options.publish:
        yield from _ended_by_an_event(target)


def _not_held(target: Target) -> Iterator[Finding]:
    request = target.stream(target.matching_nothing, ("wait", str(_LONG_WAIT_SECONDS)))
    within = min(_LONG_WAIT_SECONDS / 2, target.options.timeout_seconds)
    try:
        with target.session.following(request) as following:
            came = following.until(lambda reader: bool(reader.blocks), within)
    except NoAnswer:
        came = False
    if not came:
        yield Finding("`wait` does not hold a stream.", f"nothing came for {within:g} s", request)


def _ended_by_an_event(target: Target) -> Iterator[Finding]:
    order = new_order()
    start = read_page(target, target.session.fetch(target.page(("orderId", order)))).last_event_id
    waiting = target.page(("lastEventId", start), ("orderId", order), ("wait", str(_LONG_WAIT_SECONDS)))
    with ThreadPoolExecutor(1) as pool:
        began = time.monotonic()
        answer = pool.submit(target.session.fetch, waiting)
        (new,) = publish(target, new_event(target, order))
        page = read_page(target, answer.result())
    waited = time.monotonic() - began
    if [each.id for each in page.events] != [new.id] or waited > _LONG_WAIT_SECONDS / 2:
        seen = f"after {waited:.2f} s came {len(page.events)} events"
        yield Finding("An event that matches ends the wait of a page.", seen, waiting, (new.id,))


def page_size(target: Target) -> Iterator[Finding]:
    """A page without a `limit` has the number of events that the document names, or fewer at the end of the log.

    This check yields a finding if it has more, or fewer although the log has more.
    """
    log = target.log()
    sizes: Any = target.contract.parameters.get("limit", {}).get("x-page-limit", {})
    default = int(sizes.get("default", 100))
    response = target.session.fetch(target.page(("from", "earliest")))
    came = len(read_page(target, response).events)
    if came > default or came < min(default, len(log.events)):
        seen = f"{came} events, of at least {len(log.events)}"
        yield Finding(f"A page has {default} events, unless `limit` says another number.", seen, response.request)


def page_position(target: Target) -> Iterator[Finding]:
    """The `lastEventId` of a page moves past events that the filter skipped, and the next page goes on exactly there.

    This check reads filtered pages, one that no event matches and the page at the end of the log. It yields a finding for each whose
    events are not those that match, or whose `lastEventId` stays behind.
    """
    log = target.log()
    for type in target.order_types[:2]:
        filters = (("eventTypes", type),)
        expected = [as_values(each) for each in filter(of_types((type,)), log.events)]
        known = {each.id for each in expected}
        size = max(1, len(expected) // 2)
        pages = walk(
            target,
            ("from", "earliest"),
            _not_among(known),
            size=size,
            most=len(expected),
            filters=filters,
        )
        request = target.page(("from", "earliest"), ("limit", str(size)), *filters)
        arrived = [each.as_values() for each in pages]
        promised = "Pages with a filter have exactly the events that match."
        yield from differences(target, log, expected, arrived, request=request, promised=promised)
    yield from _skipped(target)
    empty = fetch_page(target, log, target.page())
    if empty.events:
        yield Finding(
            "A page that starts at the end of the log is empty.", f"{len(empty.events)} events", target.page()
        )


def _not_among(known: AbstractSet[str]) -> Callable[[PageEvent], bool]:
    return lambda each: each.id not in known


def _skipped(target: Target) -> Iterator[Finding]:
    """Yield a finding if pages that no event matches do not get past the events of the log."""
    log = target.log()
    start: Pairs = (("from", "earliest"),)
    for _ in range(_MOST_PAGES):
        page = fetch_page(target, log, target.page(*start, target.matching_nothing))
        if page.events:
            seen = f"{len(page.events)} events"
            yield Finding("A page has only events that match.", seen, target.page(*start, target.matching_nothing))
        if start == (("lastEventId", page.last_event_id),):
            break
        start = (("lastEventId", page.last_event_id),)
    stream = target.read(target.finite(*start), 1)
    if stream.events and stream.events[0] == log.events[0]:
        seen = f"after the `lastEventId` of an empty page comes {log.events[0].id}, which the filter had skipped"
        yield Finding("The `lastEventId` of a page moves past events that the filter skipped.", seen, stream.request)


def page_alone(target: Target) -> Iterator[Finding]:
    """The page at an address of its own is the one that the address of streams has, whatever `Accept` says.

    This check asks for pages of several starts and filters at both; it yields a finding if their events differ, or if a page that cannot
    be sent is not refused there, too. Raises NotSeen if the contract has no operation listOrderEvents.
    """
    path = target.contract.paths.get("listOrderEvents")
    if path is None:
        raise NotSeen("The contract has no operation listOrderEvents.")
    log = target.log()
    first = Request(path, (("from", "earliest"), ("limit", "2")), _STREAM)
    after = ("lastEventId", read_page(target, target.session.fetch(first)).last_event_id)
    of_type = tuple(("eventTypes", type) for type in target.order_types[:1])
    for parameters in (first.parameters, (after, ("limit", "3")), (("from", "earliest"), *of_type, ("limit", "5"))):
        request = Request(path, parameters, _STREAM)
        alone = [each.as_values() for each in fetch_page(target, log, request).events]
        other = [each.as_values() for each in fetch_page(target, log, target.page(*parameters)).events]
        both = min(len(alone), len(other))  # meanwhile more events may have come
        if (alone[:both] != other[:both] or (other and not alone)) and not deleted(target, log):
            seen = f"{excerpt(alone)}, and {excerpt(other)}"
            yield Finding("Both addresses have the same page.", seen, request)
    lost = Request(path, (("lastEventId", f"no-such-position-{target.token}"),), _STREAM)
    yield from refused(target, lost, 410, "A page that cannot follow the given id is refused")
