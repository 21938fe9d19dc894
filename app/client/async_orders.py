"""The client for asyncio: what `Reading` and `Publishing` decide, done without blocking. Its twin is `orders`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import aclosing
from types import TracebackType
from typing import Generic, Literal, Self, TypeVar, Unpack, overload

import httpx
from httpx_sse import EventSource

from app.client.answer import MAX_BODY_BYTES
from app.client.connection import Connection, answer_of, new_async_client
from app.client.events import Gap, OrderEvent
from app.client.publishing import RETRY_MAX_SECONDS, PublishedEvent, Publishing
from app.client.reading import Reading, events_and_gaps, events_only
from app.client.stream_request import StreamOptions, stream_request
from app.client.trouble import Trouble

_log = logging.getLogger(__name__)
_Value = TypeVar("_Value")


class AsyncOrderStream(Generic[_Value]):
    """The events of a stream, each once and in order, across as many connections as that takes.

    Iterate over it; as a context manager it ends its connection at once when it is left. After an exception, or after `close`, iterating again goes on behind `last_event_id`. For one thread at a time.
    """

    def __init__(self, http: httpx.AsyncClient, connection: Connection, reading: Reading[_Value]) -> None:
        self._http = http
        self._connection = connection
        self._reading = reading
        self._values: AsyncGenerator[_Value] | None = None

    @property
    def last_event_id(self) -> str | None:
        """Where to go on from, as `after`, for one who has all that was delivered so far; it moves with each event.

        Keep it in one transaction with what you make of the event, and that is made once, whatever dies.
        """
        return self._reading.last_event_id

    async def aclose(self) -> None:
        """End the connection."""
        if self._values is not None:
            await self._values.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> _Value:
        if self._values is None or not self._reading.active:
            self._values = _follow(self._http, self._connection, self._reading)
        return await anext(self._values)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


class AsyncOrdersClient:
    """Read and publish order events at a server; a context manager, for any number of threads.

    `http` is an httpx client of the caller's, who closes it: for credentials, certificates, proxies. A stream on which nothing
    comes for `silence_seconds` is taken for dead. `report` is told of trouble that may pass; if not given, it is logged.
    """

    def __init__(
        self,
        url: str,
        *,
        http: httpx.AsyncClient | None = None,
        silence_seconds: float | None = None,
        report: Callable[[str], None] = _log.warning,
    ) -> None:
        self._connection = Connection(url, silence_seconds)
        self._http = new_async_client(self._connection.url) if http is None else http
        self._closes = http is None
        self._report = report

    @overload
    def stream(
        self, *, gaps: Literal["raise"] = "raise", **options: Unpack[StreamOptions]
    ) -> AsyncOrderStream[OrderEvent]: ...

    @overload
    def stream(
        self, *, gaps: Literal["yield"], **options: Unpack[StreamOptions]
    ) -> AsyncOrderStream[OrderEvent | Gap]: ...

    def stream(
        self, *, gaps: Literal["raise", "yield"] = "raise", **options: Unpack[StreamOptions]
    ) -> AsyncOrderStream[OrderEvent] | AsyncOrderStream[OrderEvent | Gap]:
        """Follow the events that `StreamOptions` choose.

        Where events are lost, EventsLost is raised, or with gaps="yield" a `Gap` stands in their place. Iterating raises
        RequestRefused, UnexpectedAnswer, and Unavailable after `retry_max_seconds`.
        """
        if gaps == "yield":
            return self._stream(events_and_gaps, options)
        return self._stream(events_only, options)

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
        """Publish one event, or up to 1,000 of which all are stored or none; return when they are on disk.

        An event is as the contract has it: {"eventType": ..., "data": {...}}. Trying again is safe, because each is given an
        `eventId` that has none. Raises EventsRefused, RequestRefused, UnexpectedAnswer, and Unavailable after
        `retry_max_seconds` (None: never); then it is unknown whether the events are stored.
        """
        if isinstance(events, Mapping):
            return (await self._publish([events], retry_max_seconds))[0]
        return await self._publish(events, retry_max_seconds)

    async def aclose(self) -> None:
        """End all connections, unless they are those of the caller's httpx client."""
        if self._closes:
            await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _stream(
        self, deliver: Callable[[OrderEvent | Gap], _Value], options: StreamOptions
    ) -> AsyncOrderStream[_Value]:
        retry_max_seconds = options.get("retry_max_seconds")
        reading = Reading(stream_request(options), deliver, retry_max_seconds=retry_max_seconds, report=self._report)
        return AsyncOrderStream(self._http, self._connection, reading)

    async def _publish(
        self, events: Iterable[Mapping[str, object]], retry_max_seconds: float | None
    ) -> list[PublishedEvent]:
        publishing = Publishing(events, retry_max_seconds=retry_max_seconds, report=self._report)
        while True:
            try:
                response = await self._http.send(self._connection.publication(self._http, publishing.body), stream=True)
                async with aclosing(response):
                    return publishing.answered(answer_of(response, await _body(response)))
            except Trouble as raised:
                trouble = raised
            except httpx.RequestError as error:
                trouble = self._connection.silence(error)
            await asyncio.sleep(publishing.wait_seconds(trouble))


async def _follow(http: httpx.AsyncClient, connection: Connection, reading: Reading[_Value]) -> AsyncGenerator[_Value]:
    # It knows nothing of the stream that holds it, and so ends with it: a cycle would wait for the garbage collector.
    with reading.following():
        while not reading.ended:
            async with aclosing(_try(http, connection, reading)) as values:
                async for value in values:
                    yield value
            await asyncio.sleep(reading.wait_seconds())


async def _try(http: httpx.AsyncClient, connection: Connection, reading: Reading[_Value]) -> AsyncGenerator[_Value]:
    try:
        async with aclosing(await http.send(connection.subscription(http, reading.ask()), stream=True)) as response:
            reading.opened(answer_of(response, b"" if response.status_code == 200 else await _body(response)))
            async with aclosing(_read(response, reading)) as values:
                async for value in values:
                    yield value
        reading.lost(connection.ended())
    except Trouble as trouble:
        reading.lost(trouble)
    except httpx.RequestError as error:
        reading.lost(connection.silence(error))


async def _read(response: httpx.Response, reading: Reading[_Value]) -> AsyncGenerator[_Value]:
    async with aclosing(EventSource(response).aiter_sse()) as frames:
        while reading.reading_on and (frame := await anext(frames, None)):
            value = reading.receive(frame)
            if value is not None:
                yield value


async def _body(response: httpx.Response) -> bytearray:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            break
    return body
