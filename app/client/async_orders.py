"""The client for asyncio: it opens streams, and publishes events with non-blocking I/O. `orders` is the same for threads."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import TracebackType
from typing import Literal, Self, TypeVar, Unpack, overload

import httpx

from .async_order_stream import AsyncOrderStream
from .bearer_token import AsyncToken, BearerToken
from .endpoint import new_async_client
from .events import Checkpoint, Gap, OrderEvent
from .protocol.publishing import RETRY_MAX_SECONDS, PublishedEvent, Publishing
from .protocol.reading import Reading
from .protocol.retries import TransientError
from .protocol.stream_options import Checkpoints, Gaps, StreamItem, StreamOptions, delivery, stream_query
from .transports.choice import Transport, new_async_publisher, new_async_streams, new_endpoint
from .transports.renewal import AsyncRenewedPublisher, AsyncRenewedStreams

_log = logging.getLogger(__name__)
_Value = TypeVar("_Value")


class AsyncOrdersClient:
    """A client of one server, for any number of tasks of one event loop. As a context manager, it closes its connections at the end.

    `url`: the URL of the server, such as http://127.0.0.1:8000; for the transport "grpc", that of its gRPC port, such as
        grpc://127.0.0.1:50051, or grpcs://orders.example.com with TLS.
    `token`: the access token that the server asks for, or a function that returns it, which may be asynchronous. The function is called
        before each request, and once again if the server does not accept the token. If it raises OSError or httpx.TransportError, the
        request is tried again later; other errors are raised to the caller. Default: no token.
    `certificates`: the certificates to trust if the server uses TLS; default: the certificates that the environment variables
        SSL_CERT_FILE or SSL_CERT_DIR point to, else those of the public authorities.
    `http`: an `httpx.AsyncClient` of the caller, for example with credentials or proxies. The caller must close this HTTP client, and
        `certificates` has no effect. Default: the client makes an HTTP client of its own.
    `transport`: how streams come and events go. "sse" (default): an event stream, and HTTP requests. "websocket": WebSocket for both.
        "auto": as "sse", but a stream goes over to WebSocket if twice in a row nothing came for 10 seconds, because a proxy collects
        responses and does not pass them on. "grpc": gRPC for both, which needs the extra `grpc` of this package.
    `silence_seconds`: the time without a byte on a stream after which its connection counts as broken; default: 30, which is
        twice the time between two heartbeats of a server with default settings.
    `report`: called with a sentence when a request fails that will be tried again; not called for further failures until an attempt
        succeeds. Default: log a warning.

    Raises ValueError if `url` is not a URL for `transport`, if `transport` is unknown, if `silence_seconds` is not more than 0, or if
    SSL_CERT_FILE or SSL_CERT_DIR points to certificates that cannot be read; ImportError if a package of the extra `grpc` is missing.
    """

    def __init__(
        self,
        url: str,
        *,
        token: AsyncToken | None = None,
        certificates: ssl.SSLContext | None = None,
        http: httpx.AsyncClient | None = None,
        transport: Transport = "sse",
        silence_seconds: float | None = None,
        report: Callable[[str], None] = _log.warning,
    ) -> None:
        self._endpoint = new_endpoint(transport, url, silence_seconds, BearerToken(token))
        self._http = new_async_client(self._endpoint.url, certificates) if http is None else http
        self._closes = http is None
        self._report = report
        way = transport, self._http, self._endpoint, certificates
        self._new_streams = partial(new_async_streams, *way)
        self._publisher = AsyncRenewedPublisher(new_async_publisher(*way), self._endpoint.token)

    @overload
    def stream(
        self,
        *,
        gaps: Literal["raise"] = "raise",
        checkpoints: Literal["skip"] = "skip",
        **options: Unpack[StreamOptions],
    ) -> AsyncOrderStream[OrderEvent]: ...

    @overload
    def stream(
        self, *, gaps: Literal["yield"], checkpoints: Literal["skip"] = "skip", **options: Unpack[StreamOptions]
    ) -> AsyncOrderStream[OrderEvent | Gap]: ...

    @overload
    def stream(
        self, *, gaps: Literal["raise"] = "raise", checkpoints: Literal["yield"], **options: Unpack[StreamOptions]
    ) -> AsyncOrderStream[OrderEvent | Checkpoint]: ...

    @overload
    def stream(
        self, *, gaps: Literal["yield"], checkpoints: Literal["yield"], **options: Unpack[StreamOptions]
    ) -> AsyncOrderStream[OrderEvent | Gap | Checkpoint]: ...

    def stream(
        self, *, gaps: Gaps = "raise", checkpoints: Checkpoints = "skip", **options: Unpack[StreamOptions]
    ) -> AsyncOrderStream[OrderEvent | Gap | Checkpoint]:
        """Return a stream of order events, which connects when the caller begins to iterate, and reconnects after a broken connection.

        `gaps`: what to do at a gap, which is a position at which events were lost: "raise" (default) raises EventsLost, "yield" yields
            a `Gap`.
        `checkpoints`: "yield" yields a `Checkpoint` whenever `last_event_id` changes without an event, because the server has passed
            events that do not match. A program that stores this id resumes there, and not at the last event that matched, which may
            be long ago. Default: "skip".
        `options`: which events to read; see `StreamOptions`.

            async for event in orders.stream(event_types=["order.cancelled"]):
                print(event.id, event.data["orderId"])

        Raises ValueError if an option is not valid. Iterating raises RequestRefused if the server refuses the request,
        UnexpectedAnswer if the response does not follow the contract, EventsLost at a gap if `gaps` is "raise", and Unavailable if
        nothing could be read for `retry_max_seconds`.
        """
        return self._stream(delivery(gaps, checkpoints), options)

    @overload
    async def publish(
        self, events: Mapping[str, object], *, retry_max_seconds: float | None = RETRY_MAX_SECONDS
    ) -> PublishedEvent: ...

    @overload
    async def publish(
        self, events: Iterable[Mapping[str, object]], *, retry_max_seconds: float | None = RETRY_MAX_SECONDS
    ) -> list[PublishedEvent]: ...

    async def publish(
        self,
        events: Mapping[str, object] | Iterable[Mapping[str, object]],
        *,
        retry_max_seconds: float | None = RETRY_MAX_SECONDS,
    ) -> PublishedEvent | list[PublishedEvent]:
        """Publish one event or a list of up to 1,000 events, and return when the events are on the server's disk.

        `events`: one event, or several of which the server stores all or none; in the format of the contract:
            {"eventType": ..., "data": {...}}.
        `retry_max_seconds`: how long to try again while there is no response; None: without a limit. A retry never stores an event
            twice, because every event without an `eventId` gets one before the first attempt.

        Returns a `PublishedEvent` for one event, or a list of `PublishedEvent` for several events:

            stored = await orders.publish({"eventType": "order.shipped", "data": {"orderId": "or_1", "when": when}})

        Raises EventsRefused if the server does not accept some of the events, RequestRefused if it refuses the request for another
        reason, or UnexpectedAnswer if the response does not follow the contract; in these three cases nothing is stored. Raises
        Unavailable after `retry_max_seconds` without a response; in this case it is unknown whether the events are stored.
        """
        if isinstance(events, Mapping):
            return (await self._publish([events], retry_max_seconds))[0]
        return await self._publish(events, retry_max_seconds)

    async def aclose(self) -> None:
        """Close all connections, but not those of an HTTP client `http` that the caller passed."""
        await self._publisher.close()
        if self._closes:
            await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _stream(
        self, deliver: Callable[[StreamItem], _Value | None], options: StreamOptions
    ) -> AsyncOrderStream[_Value]:
        retry_max_seconds = options.get("retry_max_seconds")
        reading = Reading(stream_query(options), deliver, retry_max_seconds=retry_max_seconds, report=self._report)
        return AsyncOrderStream(AsyncRenewedStreams(self._new_streams(), self._endpoint.token), reading)

    async def _publish(
        self, events: Iterable[Mapping[str, object]], retry_max_seconds: float | None
    ) -> list[PublishedEvent]:
        publishing = Publishing(events, retry_max_seconds=retry_max_seconds, report=self._report)
        while True:
            try:
                return publishing.answered(await self._publisher.publish(publishing.body))
            except TransientError as error:
                failure = error
            await asyncio.sleep(publishing.wait_seconds(failure))
