"""The operations of the contract, one method each: it takes an HTTP request, calls the core, and returns the HTTP response.

The name of a method is the operationId in Python's spelling. Parameters arrive as values of the types that the contract defines; they
are shared with later requests, and must not be changed. Every method returns a response, which is an ASGI application. If a method
returned a dict, Connexion would respond 500 if the contract also declares a problem document for the operation.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from typing import Literal

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from app.access.admission import Admission
from app.access.client import Client
from app.access.errors import TokenExpired, Unauthenticated
from app.access.permitted_events import publishable_events, readable_events
from app.access.publish_rate import PublishLimit
from app.events.delivery.stream_item import Closing
from app.events.delivery.subscribe import SubscriptionRequest, subscribe
from app.events.delivery.timing.endings import TOKEN_EXPIRED
from app.events.filter import Filter, filter_of
from app.events.log.count_events import CountRequest, TooManyIntervals, count_events
from app.events.log.event_log import EventLog
from app.events.log.read_page import read_page
from app.events.log.start import NotAnInstant, StartRequest, locate_start, read_instant, read_start
from app.events.publish import Publisher
from app.metrics import exposition
from app.specification.contracts import Contracts
from app.specification.deprecated_majors import DeprecatedMajor, DeprecatedMajors
from app.specification.derived.protobuf.proto_text import write_proto
from app.specification.document import OpenApiDocument
from app.specification.errors import Refusal
from app.specification.strict_json import JsonValue
from app.transports.http.compressed_bodies import NO_SNIFFING, Bodies
from app.transports.http.deprecation_headers import DeprecatedVersions, reader_headers
from app.transports.http.json_bodies import event_counts, event_page, event_types, published_events, read_json
from app.transports.http.negotiation import choose_media_type
from app.transports.http.parameters import InvalidParameters, ParameterViolation, header_values
from app.transports.http.security import address_of, bearer_token, client_of, principal_of
from app.transports.http.sessions.resource_metadata import resource_metadata
from app.transports.http.sessions.session_cookie import clear_cookie, set_cookie
from app.transports.http.streaming import sse
from app.transports.http.streaming.response import ClosedStreamResponse, EventStreamResponse, EventStreams
from app.transports.http.waiting import Wait, Waits
from app.transports.websocket.handshake import WebSocketResponse, check_handshake
from app.transports.websocket.sender import UNKNOWN
from app.transports.websocket.sockets import Sockets

NO_STORE = {"Cache-Control": "no-store", **NO_SNIFFING}
IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable", **NO_SNIFFING}
_PAGE = "application/json"


@dataclass(frozen=True)
class Operations:
    """The operations of the contract. The fields are the parts of the server that the operations call."""

    document: OpenApiDocument
    contracts: Contracts
    deprecated: DeprecatedMajors
    deprecated_versions: DeprecatedVersions
    log: EventLog
    publisher: Publisher
    admission: Admission
    waits: Waits
    publish_limit: PublishLimit
    bodies: Bodies
    streams: EventStreams
    sockets: Sockets
    socket_origins: Collection[str]
    metrics: exposition.Metrics
    public_url: str | None
    issuer: str | None

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
        with self.waits.admitted(client, 0 if request.method == "HEAD" else wait) as admitted:
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
        is_latest = (
            wanted.start == StartRequest()
        )  # other pages ask for what is new only if they reach it, see `read_page`
        start = await locate_start(self.log, wanted.start, wanted.filter, is_finite=is_latest and not wait.seconds)
        read = partial(read_page, self.log, start, wanted.filter, limit)
        page = await wait.result(request, read(wait.seconds)) if wait.seconds else None
        if page is None:
            page = await read(0)
        body = event_page(page, self.log.id_of_place(page.through, wanted.filter))
        headers = {**NO_STORE, **reader_headers(wanted.deprecations)}
        return self.bodies.response(body, headers=headers, media_type=_PAGE)

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
        return self.bodies.response(body, headers=NO_STORE, media_type=_PAGE)

    async def publish_order_events(self, request: Request) -> Response:
        client = client_of(request.scope)
        permitted = publishable_events(client.principal)
        submissions = await self._submissions(request, client)
        appended = await self.publisher.publish(submissions, permitted)
        ids = self.log.ids.of_published(appended, permitted)
        headers = {**NO_STORE, **self.deprecated_versions.headers(submissions)}
        return Response(published_events(appended, ids), 201, headers, media_type="application/json")

    async def _submissions(self, request: Request, client: Client) -> list[JsonValue]:
        """Return the events that a client publishes, after they were counted. A body that is refused is counted, too."""
        self.publish_limit.check(client)
        body = bytearray()
        try:
            submitted = await read_json(
                request, body, self.document.max_body_bytes, self.document.max_json_values, self.publisher.turnstile
            )
        except (Refusal, ClientDisconnect):
            self.publish_limit.count_refused(client, len(body))
            raise
        submissions: list[JsonValue] = submitted if isinstance(submitted, list) else [submitted]
        self.publish_limit.count(client, len(submissions), len(body))
        return submissions

    async def open_order_events_socket(self, request: Request) -> WebSocketResponse:
        check_handshake(request, self.document.socket.subprotocol, self.socket_origins)
        self.log.check_accepts_requests()
        try:
            client = client_of(request.scope)
        except Unauthenticated:
            client = Client(UNKNOWN, address_of(request.scope))  # the client sends its token in a message
        return WebSocketResponse(self.sockets, client)

    async def create_session(self, request: Request) -> Response:
        principal = principal_of(request.scope)
        if principal.expires_at is None:
            return Response(status_code=204, headers=NO_STORE)  # a server without keys has no sessions
        cookie = set_cookie(bearer_token(request.scope), principal.expires_at - time.time())
        return Response(status_code=204, headers={**NO_STORE, "Set-Cookie": cookie})

    async def delete_session(self) -> Response:
        return Response(status_code=204, headers={**NO_STORE, "Set-Cookie": clear_cookie()})

    async def get_protected_resource_metadata(self, request: Request) -> Response:
        resource = self.public_url or f"{request.url.scheme}://{request.url.netloc}"
        return JSONResponse(resource_metadata(resource, self.issuer), headers=NO_STORE)

    async def list_event_types(self) -> ASGIApp:
        return JSONResponse(event_types(self.contracts, time.time()), headers=NO_STORE)

    async def get_event_schema(self, event_type: str, version: str) -> Response:
        contract = self.contracts.get(event_type, version)
        return JSONResponse(contract.schema, headers=IMMUTABLE, media_type="application/schema+json")

    async def get_liveness(self) -> Response:
        return JSONResponse({"status": "live"}, headers=NO_STORE)

    async def get_readiness(self) -> Response:
        self.log.check_accepts_requests()
        self.log.check_store()
        return JSONResponse({"status": "ready", "writable": not self.log.write_health.is_failing}, headers=NO_STORE)

    async def get_metrics(self) -> ASGIApp:
        return self.bodies.response(self.metrics.text(), headers=NO_STORE, media_type=exposition.MEDIA_TYPE)

    async def get_open_api_json(self, major_version: int | None = None) -> ASGIApp:
        return self.bodies.document(self.document.texts(major_version).json, NO_STORE, media_type="application/json")

    async def get_open_api_yaml(self, major_version: int | None = None) -> ASGIApp:
        return self.bodies.document(self.document.texts(major_version).yaml, NO_STORE, media_type="application/yaml")

    async def get_open_api32_json(self, major_version: int | None = None) -> ASGIApp:
        return self.bodies.document(
            self.document.texts(major_version).openapi_3_2, NO_STORE, media_type="application/json"
        )

    async def get_open_api_clients_json(self, major_version: int | None = None) -> ASGIApp:
        return self.bodies.document(
            self.document.texts(major_version).openapi_clients, NO_STORE, media_type="application/json"
        )

    async def get_async_api_json(self, major_version: int | None = None) -> ASGIApp:
        return self.bodies.document(
            self.document.texts(major_version).asyncapi, NO_STORE, media_type="application/json"
        )

    async def get_proto(self) -> Response:
        return Response(write_proto(self.document.proto), headers=NO_STORE, media_type="text/plain")


def _instant(name: str, text: str | None) -> int | None:
    try:
        return None if text is None else read_instant(text)
    except NotAnInstant as error:
        raise InvalidParameters([ParameterViolation("query", name, str(error))]) from None


def _start(
    request: Request, last_event_id: str | None, since: str | None, from_: Literal["latest", "earliest"]
) -> StartRequest:
    try:
        return read_start(_header(request, b"last-event-id") or last_event_id or None, since, from_)
    except NotAnInstant as error:
        raise InvalidParameters([ParameterViolation("query", "since", str(error))]) from None


def _header(request: Request, name: bytes) -> str:
    return ",".join(header_values(request.scope, name))
