"""The client for threads: what `Reading` and `Publishing` decide, done with blocking I/O. Its twin is `async_orders`."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import closing
from types import TracebackType
from typing import Generic, Literal, Self, TypeVar, Unpack, overload

import httpx
from httpx_sse import EventSource

from app.client.answer import MAX_BODY_BYTES
from app.client.connection import Connection, answer_of, new_client
from app.client.events import Gap, OrderEvent
from app.client.publishing import RETRY_MAX_SECONDS, PublishedEvent, Publishing
from app.client.reading import Reading, events_and_gaps, events_only
from app.client.stream_request import StreamOptions, stream_request
from app.client.trouble import Trouble

_log = logging.getLogger(__name__)
_Value = TypeVar("_Value")


class OrderStream(Generic[_Value]):
    """The events of a stream, each once and in order, across as many connections as that takes.

    Iterate over it; as a context manager it ends its connection in any case, else leaving the loop does, where Python counts
    references. After an exception, or after `close`, iterating again goes on behind `last_event_id`. For one thread at a time.
    """

    def __init__(self, http: httpx.Client, connection: Connection, reading: Reading[_Value]) -> None:
        self._http = http
        self._connection = connection
        self._reading = reading
        self._values: Generator[_Value] | None = None

    @property
    def last_event_id(self) -> str | None:
        """Where to go on from, as `after`, for one who has all that was delivered so far; it moves with each event.

        Keep it in one transaction with what you make of the event, and that is made once, whatever dies.
        """
        return self._reading.last_event_id

    def close(self) -> None:
        """End the connection."""
        if self._values is not None:
            self._values.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> _Value:
        if self._values is None or not self._reading.active:
            self._values = _follow(self._http, self._connection, self._reading)
        return next(self._values)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class OrdersClient:
    """Read and publish order events at a server; a context manager, for any number of threads.

    `http` is an httpx client of the caller's, who closes it: for credentials, certificates, proxies. A stream on which nothing
    comes for `silence_seconds` is taken for dead. `report` is told of trouble that may pass; if not given, it is logged.
    """

    def __init__(
        self,
        url: str,
        *,
        http: httpx.Client | None = None,
        silence_seconds: float | None = None,
        report: Callable[[str], None] = _log.warning,
    ) -> None:
        self._connection = Connection(url, silence_seconds)
        self._http = new_client(self._connection.url) if http is None else http
        self._closes = http is None
        self._report = report

    @overload
    def stream(
        self, *, gaps: Literal["raise"] = "raise", **options: Unpack[StreamOptions]
    ) -> OrderStream[OrderEvent]: ...

    @overload
    def stream(self, *, gaps: Literal["yield"], **options: Unpack[StreamOptions]) -> OrderStream[OrderEvent | Gap]: ...

    def stream(
        self, *, gaps: Literal["raise", "yield"] = "raise", **options: Unpack[StreamOptions]
    ) -> OrderStream[OrderEvent] | OrderStream[OrderEvent | Gap]:
        """Follow the events that `StreamOptions` choose.

        Where events are lost, EventsLost is raised, or with gaps="yield" a `Gap` stands in their place. Iterating raises
        RequestRefused, UnexpectedAnswer, and Unavailable after `retry_max_seconds`.
        """
        if gaps == "yield":
            return self._stream(events_and_gaps, options)
        return self._stream(events_only, options)

    @overload
    def publish(
        self, events: Mapping[str, object], *, retry_max_seconds: float | None = RETRY_MAX_SECONDS
    ) -> PublishedEvent: ...

    @overload
    def publish(
        self, events: Iterable[Mapping[str, object]], *, retry_max_seconds: float | None = RETRY_MAX_SECONDS
    ) -> list[PublishedEvent]: ...

    def publish(
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
            return self._publish([events], retry_max_seconds)[0]
        return self._publish(events, retry_max_seconds)

    def close(self) -> None:
        """End all connections, unless they are those of the caller's httpx client."""
        if self._closes:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _stream(self, deliver: Callable[[OrderEvent | Gap], _Value], options: StreamOptions) -> OrderStream[_Value]:
        retry_max_seconds = options.get("retry_max_seconds")
        reading = Reading(stream_request(options), deliver, retry_max_seconds=retry_max_seconds, report=self._report)
        return OrderStream(self._http, self._connection, reading)

    def _publish(self, events: Iterable[Mapping[str, object]], retry_max_seconds: float | None) -> list[PublishedEvent]:
        publishing = Publishing(events, retry_max_seconds=retry_max_seconds, report=self._report)
        while True:
            try:
                response = self._http.send(self._connection.publication(self._http, publishing.body), stream=True)
                with closing(response):
                    return publishing.answered(answer_of(response, _body(response)))
            except Trouble as raised:
                trouble = raised
            except httpx.RequestError as error:
                trouble = self._connection.silence(error)
            time.sleep(publishing.wait_seconds(trouble))


def _follow(http: httpx.Client, connection: Connection, reading: Reading[_Value]) -> Generator[_Value]:
    # It knows nothing of the stream that holds it, and so ends with it: a cycle would wait for the garbage collector.
    with reading.following():
        while not reading.ended:
            yield from _try(http, connection, reading)
            time.sleep(reading.wait_seconds())


def _try(http: httpx.Client, connection: Connection, reading: Reading[_Value]) -> Generator[_Value]:
    try:
        with closing(http.send(connection.subscription(http, reading.ask()), stream=True)) as response:
            reading.opened(answer_of(response, b"" if response.status_code == 200 else _body(response)))
            yield from _read(response, reading)
        reading.lost(connection.ended())
    except Trouble as trouble:
        reading.lost(trouble)
    except httpx.RequestError as error:
        reading.lost(connection.silence(error))


def _read(response: httpx.Response, reading: Reading[_Value]) -> Generator[_Value]:
    frames = EventSource(response).iter_sse()
    while reading.reading_on and (frame := next(frames, None)):
        value = reading.receive(frame)
        if value is not None:
            yield value


def _body(response: httpx.Response) -> bytearray:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            break
    return body
