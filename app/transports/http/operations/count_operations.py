"""The operation that counts events, by interval and type."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.types import ASGIApp

from app.access.permitted_events import readable_events
from app.events.filter import filter_of
from app.events.log.count_events import CountRequest, TooManyIntervals, count_events
from app.events.log.event_log import EventLog
from app.events.log.start import NotAnInstant, read_instant
from app.specification.document import OpenApiDocument
from app.transports.http.compressed_bodies import Bodies
from app.transports.http.operations.cache_headers import NO_STORE
from app.transports.http.requests.json_bodies import event_counts
from app.transports.http.requests.parameters import InvalidParameters, ParameterViolation
from app.transports.http.security import principal_of


@dataclass(frozen=True)
class CountOperations:
    """How many events there were, by interval and type."""

    document: OpenApiDocument
    log: EventLog
    bodies: Bodies

    async def count_order_events(
        self,
        request: Request,
        *,
        event_types: list[str] | None = None,
        order_id: list[str] | None = None,
        since: str | None = None,
        until: str | None = None,
        interval_seconds: int | None = None,
    ) -> ASGIApp:
        filter = readable_events(principal_of(request.scope), filter_of(event_types, order_id))
        wanted = CountRequest(filter, _instant("since", since), _instant("until", until), interval_seconds)
        try:
            counts = await count_events(self.log, wanted, self.document.counts)
        except TooManyIntervals as error:
            message = f"must be at least {error.least_seconds}, so that there are at most {self.document.counts.maximum} intervals"
            raise InvalidParameters([ParameterViolation("query", "intervalSeconds", message)]) from None
        body = event_counts(counts, self.log.id_of_place(counts.through, filter))
        return self.bodies.response(body, headers=NO_STORE, media_type="application/json")


def _instant(name: str, text: str | None) -> int | None:
    try:
        return None if text is None else read_instant(text)
    except NotAnInstant as error:
        raise InvalidParameters([ParameterViolation("query", name, str(error))]) from None
