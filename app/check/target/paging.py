"""Read the event log page by page, as a client does that does not use a stream."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from app.check.findings import CannotCheck, Finding, Violated
from app.check.http.stream_blocks import OrderEvent
from app.check.published_contract import PAGE
from app.check.request import Pairs, Request, Response
from app.check.target.target import Target

PAGE_EVENTS: Final = 100
MOST_RESTARTS: Final = 20  # then the log deletes faster than it can be read


class PageEvent(NamedTuple):
    """An order event on a page of the event log, and the request that returned the page.

    `stored_at`: when the event was stored, as the server wrote it; None if the page does not say it.
    """

    id: str
    event_type: str
    schema_version: str
    data: Any
    request: Request
    stored_at: str | None = None

    def as_values(self) -> OrderEvent:
        """Return the event in the form of an event from a stream, so that the two can be compared.

        The data is written as JSON with sorted keys.
        """
        return OrderEvent(self.id, self.event_type, json.dumps(self.data, sort_keys=True))


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the event log: its events, and the id with which the next page is requested."""

    events: Sequence[PageEvent]
    last_event_id: str


def walk(
    target: Target,
    start: tuple[str, str],
    enough: Callable[[PageEvent], bool],
    *,
    size: int,
    most: int,
    filters: Pairs = (),
) -> list[PageEvent]:
    """Read the event log page by page, and return the events.

    Reading stops after a page with an event for which `enough` returns True, at the end of the log, or after about `most` events.
    `start`: the name and value of the query parameter for the first page.
    `size`: the number of events on a page. `filters`: parameters that every page has.
    If the server has deleted the next events, its response has status 410 and contains the id from which reading continues.
    Raises Violated if any other response is not a page, and CannotCheck if events are deleted faster than they can be read.
    """
    events: list[PageEvent] = []
    restarts = 0
    while len(events) < most:
        response = target.session.fetch(target.page(start, ("limit", str(size)), *filters))
        if response.status == 410:
            restarts += 1
            start = ("lastEventId", _earliest(response))
            if restarts > MOST_RESTARTS:
                raise CannotCheck("The server deletes events faster than they can be read.")
            continue
        page = read_page(target, response)
        events += page.events
        if not page.events or any(map(enough, page.events)):
            break
        start = ("lastEventId", page.last_event_id)
    return events


def read_page(target: Target, response: Response) -> Page:
    """Return the page in a response. Raises Violated if the response is not a page as the contract describes it."""
    try:
        page = response.json()
    except ValueError:
        page = None
    violations, _ = target.contract.page.violations(page, 1)
    if response.status != 200 or response.media_type != PAGE or violations:
        where = "".join(f"{violation.pointer} {violation.message}; " for violation in violations)
        raise Violated(Finding("A page is as the contract describes it.", f"{where}{response}", response.request))
    events = [
        PageEvent(
            each["id"],
            each["eventType"],
            each["schemaVersion"],
            each["data"],
            response.request,
            each.get("storedAt"),
        )
        for each in page["events"]
    ]
    return Page(events, page["lastEventId"])


def _earliest(response: Response) -> str:
    try:
        return str(response.json()["earliest"])
    except (ValueError, LookupError, TypeError):
        raise Violated(
            Finding("A 410 says in `earliest` from where to go on.", str(response), response.request)
        ) from None
