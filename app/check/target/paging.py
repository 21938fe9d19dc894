"""Read the log page by page, as a client without a stream does."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from app.check.findings import CannotCheck, Finding, Violated
from app.check.http.stream_blocks import OrderEvent
from app.check.published_contract import PAGE
from app.check.request import Request, Response
from app.check.target.target import Target

PAGE_EVENTS: Final = 100
MOST_RESTARTS: Final = 20  # then the log deletes faster than it can be read


class PageEvent(NamedTuple):
    """An order event on a page, and the request for that page."""

    id: str
    event_type: str
    schema_version: str
    data: Any
    request: Request

    def as_values(self) -> OrderEvent:
        """Return the event with its data as JSON of one form, so that it can be compared with an event from a stream."""
        return OrderEvent(self.id, self.event_type, json.dumps(self.data, sort_keys=True))


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its events, and the id with which the next page is requested."""

    events: Sequence[PageEvent]
    last_event_id: str


def walk(
    target: Target, start: tuple[str, str], enough: Callable[[PageEvent], bool], *, size: int, most: int
) -> list[PageEvent]:
    """Read page after page, until a page has an event for which `enough` returns True, the log ends, or `most` events have been read.

    After a gap it continues from the id that is given in the 410 response. Raises Violated if a response is not a page.
    """
    events: list[PageEvent] = []
    restarts = 0
    while len(events) < most:
        response = target.session.fetch(target.page(start, ("limit", str(size))))
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
    """Read a response as a page. Raises Violated if it is not one."""
    try:
        page = response.json()
    except ValueError:
        page = None
    violations, _ = target.contract.page.violations(page, 1)
    if response.status != 200 or response.media_type != PAGE or violations:
        where = "".join(f"{violation.pointer} {violation.message}; " for violation in violations)
        raise Violated(Finding("A page is as the contract describes it.", f"{where}{response}", response.request))
    events = [
        PageEvent(each["id"], each["eventType"], each["schemaVersion"], each["data"], response.request)
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
