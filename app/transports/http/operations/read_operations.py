"""The operations that read events: as a stream that goes on, or as one page."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from app.access.admission import Admission
from app.access.client import Client
from app.access.errors import TokenExpired
from app.access.permitted_events import readable_events
from app.events.delivery.stream_item import Closing
from app.events.delivery.subscribe import SubscriptionRequest, subscribe
from app.events.delivery.timing.endings import TOKEN_EXPIRED
from app.events.filter import Filter, filter_of
from app.events.log.event_log import EventLog
from app.events.log.read_page import read_page
from app.events.log.start import NotAnInstant, StartRequest, locate_start, read_start
from app.specification.contracts import Contracts
from app.specification.deprecated_majors import DeprecatedMajor, DeprecatedMajors
from app.specification.document import OpenApiDocument
from app.transports.http.compressed_bodies import Bodies
from app.transports.http.deprecation_headers import reader_headers
from app.transports.http.operations.cache_headers import NO_STORE
from app.transports.http.requests.json_bodies import event_page
from app.transports.http.requests.negotiation import choose_media_type
from app.transports.http.requests.parameters import InvalidParameters, ParameterViolation, header_values
from app.transports.http.security import address_of, client_of
from app.transports.http.streaming import sse
from app.transports.http.streaming.response import ClosedStreamResponse, EventStreamResponse, EventStreams
from app.transports.http.waiting import Wait, Waits

_PAGE = "application/json"


@dataclass(frozen=True)
class ReadOperations:
    """Events as a stream or as a page; the header `Accept` says which."""

    document: OpenApiDocument
    contracts: Contracts
    deprecated: DeprecatedMajors
    log: EventLog
    admission: Admission
    waits: Waits
    streams: EventStreams
    bodies: Bodies

    async def stream_order_events(
        self,
        request: Request,
        *,
        event_types: list[str] | None = None,
        order_id: list[str] | None = None,
        last_event_id: str | None = None,
        since: str | None = None,
        from_: Literal["latest", "earliest"] = "latest",
        follow: bool = True,
        limit: int | None = None,
        wait: int = 0,
        major_version: int | None = None,
    ) -> ASGIApp:
        if choose_media_type(_header(request, b"accept"), (sse.MEDIA_TYPE, _PAGE)) == _PAGE:
            return await self.list_order_events(
                request,
                event_types=event_types,
                order_id=order_id,
                last_event_id=last_event_id,
                since=since,
                from_=from_,
                limit=limit,
                wait=wait,
                major_version=major_version,
            )
        try:
            client = client_of(request.scope)
        except TokenExpired as expired:
            # A browser's EventSource survives this, and no other status, so a page has time to renew its token.
            is_admitted = self.admission.admits_ended(Client(expired.principal, address_of(request.scope)))
            return ClosedStreamResponse(self.streams, TOKEN_EXPIRED if is_admitted else Closing("overloaded"))
        filter, deprecations = self._selected(client, event_types, order_id, major_version)
        start = _start(request, last_event_id, since, from_)
        wanted = SubscriptionRequest(start, filter, follow, limit, client.principal, deprecations)
        subscription = await subscribe(self.log, wanted)
        if isinstance(subscription, Closing):
            return ClosedStreamResponse(self.streams, subscription)
        if subscription.is_empty:
            return Response(status_code=204, headers={**NO_STORE, **reader_headers(deprecations)})
        return EventStreamResponse(self.streams, subscription, client)

    async def list_order_events(
        self,
        request: Request,
        *,
        event_types: list[str] | None = None,
        order_id: list[str] | None = None,
        last_event_id: str | None = None,
        since: str | None = None,
        from_: Literal["latest", "earliest"] = "latest",
        limit: int | None = None,
        wait: int = 0,
        major_version: int | None = None,
    ) -> ASGIApp:
        client = client_of(request.scope)
        filter, deprecations = self._selected(client, event_types, order_id, major_version)
        start = _start(request, last_event_id, since, from_)
        wanted = SubscriptionRequest(start, filter, limit=limit, deprecations=deprecations)
        ends_at = min((each.ends_at for each in deprecations), default=math.inf)
        with self.waits.admitted(client, 0 if request.method == "HEAD" else wait, ends_at) as admitted:
            return await self._page(request, wanted, admitted)

    def _selected(
        self, client: Client, event_types: list[str] | None, order_id: list[str] | None, major_version: int | None
    ) -> tuple[Filter, tuple[DeprecatedMajor, ...]]:
        """Return the filter of a reader, and what is deprecated of what it reads."""
        reading = self.contracts.reading(major_version)
        filter = readable_events(client.principal, filter_of(event_types, order_id, reading))
        return filter, self.deprecated.of_reader(filter.event_types, major_version)

    async def _page(self, request: Request, wanted: SubscriptionRequest, wait: Wait) -> ASGIApp:
        limit = self.document.page_limit_default if wanted.limit is None else wanted.limit
        if limit > self.document.page_limit_maximum:
            message = f"must be at most {self.document.page_limit_maximum} for a page"
            raise InvalidParameters([ParameterViolation("query", "limit", message)])
        # Other pages than the latest ask for what is new only if they reach it, see `read_page`.
        is_latest = wanted.start == StartRequest()
        start = await locate_start(self.log, wanted.start, wanted.filter, is_finite=is_latest and not wait.seconds)
        read = partial(read_page, self.log, start, wanted.filter, limit)
        page = await wait.result(request, read(wait.seconds)) if wait.seconds else None
        if page is None:
            page = await read(0)
        else:
            self.deprecated.check_living(wanted.deprecations)  # the sunset may have come meanwhile
        body = event_page(page, self.log.id_of_place(page.through, wanted.filter))
        headers = {**NO_STORE, **reader_headers(wanted.deprecations)}
        return self.bodies.response(body, headers=headers, media_type=_PAGE)


def _start(
    request: Request, last_event_id: str | None, since: str | None, from_: Literal["latest", "earliest"]
) -> StartRequest:
    try:
        return read_start(_header(request, b"last-event-id") or last_event_id or None, since, from_)
    except NotAnInstant as error:
        raise InvalidParameters([ParameterViolation("query", "since", str(error))]) from None


def _header(request: Request, name: bytes) -> str:
    return ",".join(header_values(request.scope, name))
