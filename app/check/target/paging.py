"""Walk through the log page by page, as a client without a stream does."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from app.check.findings import CannotCheck, Finding, Violated
from app.check.http.blocks import OrderEvent
from app.check.published_contract import PAGE
from app.check.request import Answer, Request
from app.check.target.target import Target

PAGE_EVENTS: Final = 100
MOST_RESTARTS: Final = 20  # where a log deletes faster than it is read


class PageEvent(NamedTuple):
    """An order event as it stands on a page, and the request for the page."""

    id: str
    event_type: str
    schema_version: str
    data: Any
    request: Request

    def as_values(self) -> OrderEvent:
        """Give it as `log.as_values` gives an event of the stream."""
        return OrderEvent(self.id, self.event_type, json.dumps(self.data, sort_keys=True))


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its events, and the id to go on with."""

    events: Sequence[PageEvent]
    last_event_id: str


def walk(
    target: Target, start: tuple[str, str], enough: Callable[[PageEvent], bool], *, size: int, most: int
) -> list[PageEvent]:
    """Read page after page to the first one with an event that is enough, or to the end of the log, or to `most` events.

    It goes on over gaps, as the pages say how to. Raises Violated where a page is none.
    """
    events: list[PageEvent] = []
    restarts = 0
    while len(events) < most:
        answer = target.connection.fetch(target.page(start, ("limit", str(size))))
        if answer.status == 410:
            restarts += 1
            start = ("lastEventId", _earliest(answer))
            if restarts > MOST_RESTARTS:
                raise CannotCheck("The server deletes events faster than they can be read.")
            continue
        page = read_page(target, answer)
        events += page.events
        if not page.events or any(map(enough, page.events)):
            break
        start = ("lastEventId", page.last_event_id)
    return events


def read_page(target: Target, answer: Answer) -> Page:
    """Read an answer as a page. Raises Violated where it is none."""
    try:
        page = answer.json()
    except ValueError:
        page = None
    violations, _ = target.contract.page.violations(page, 1)
    if answer.status != 200 or answer.media_type != PAGE or violations:
        where = "".join(f"{violation.pointer} {violation.message}; " for violation in violations)
        raise Violated(Finding("A page is as the contract describes it.", f"{where}{answer}", answer.request))
    events = [
        PageEvent(each["id"], each["eventType"], each["schemaVersion"], each["data"], answer.request)
        for each in page["events"]
    ]
    return Page(events, page["lastEventId"])


def _earliest(answer: Answer) -> str:
    try:
        return str(answer.json()["earliest"])
    except (ValueError, LookupError, TypeError):
        raise Violated(Finding("A 410 says in `earliest` where to go on.", str(answer), answer.request)) from None
