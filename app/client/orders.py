"""The client for threads: it makes streams, and does with blocking I/O what `Publishing` decides. Its twin is `async_orders`."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from types import TracebackType
from typing import Literal, Self, TypeVar, Unpack, overload

import httpx

from .body import read_body
from .delivery import Checkpoints, Gaps, Told, delivery
from .endpoint import Connection, answer_of, new_client
from .events import Checkpoint, Gap, OrderEvent
from .order_stream import OrderStream
from .protocol.publishing import RETRY_MAX_SECONDS, PublishedEvent, Publishing
from .protocol.reading import Reading
from .protocol.retries import Trouble
from .protocol.stream_options import StreamOptions, stream_request

_log = logging.getLogger(__name__)
_Value = TypeVar("_Value")


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
        self,
        *,
        gaps: Literal["raise"] = "raise",
        checkpoints: Literal["skip"] = "skip",
        **options: Unpack[StreamOptions],
    ) -> OrderStream[OrderEvent]: ...

    @overload
    def stream(
        self, *, gaps: Literal["yield"], checkpoints: Literal["skip"] = "skip", **options: Unpack[StreamOptions]
    ) -> OrderStream[OrderEvent | Gap]: ...

    @overload
    def stream(
        self, *, gaps: Literal["raise"] = "raise", checkpoints: Literal["yield"], **options: Unpack[StreamOptions]
    ) -> OrderStream[OrderEvent | Checkpoint]: ...

    @overload
    def stream(
        self, *, gaps: Literal["yield"], checkpoints: Literal["yield"], **options: Unpack[StreamOptions]
    ) -> OrderStream[OrderEvent | Gap | Checkpoint]: ...

    def stream(
        self, *, gaps: Gaps = "raise", checkpoints: Checkpoints = "skip", **options: Unpack[StreamOptions]
    ) -> OrderStream[OrderEvent | Gap | Checkpoint]:
        """Follow the events that `StreamOptions` choose.

        Where events are lost, EventsLost is raised, or with gaps="yield" a `Gap` stands in their place. With
        checkpoints="yield" there is a `Checkpoint` whenever `last_event_id` has moved without an event: in a quiet hour, so that
        whoever keeps it need not begin at the last event that matched. Iterating raises RequestRefused, UnexpectedAnswer, and
        Unavailable after `retry_max_seconds`.
        """
        return self._stream(delivery(gaps, checkpoints), options)

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

    def _stream(self, deliver: Callable[[Told], _Value | None], options: StreamOptions) -> OrderStream[_Value]:
        retry_max_seconds = options.get("retry_max_seconds")
        reading = Reading(stream_request(options), deliver, retry_max_seconds=retry_max_seconds, report=self._report)
        return OrderStream(self._http, self._connection, reading)

    def _publish(self, events: Iterable[Mapping[str, object]], retry_max_seconds: float | None) -> list[PublishedEvent]:
        publishing = Publishing(events, retry_max_seconds=retry_max_seconds, report=self._report)
        while True:
            try:
                response = self._http.send(self._connection.publication(self._http, publishing.body), stream=True)
                with closing(response):
                    return publishing.answered(answer_of(response, read_body(response)))
            except Trouble as raised:
                trouble = raised
            except httpx.RequestError as error:
                trouble = self._connection.silence(error)
            time.sleep(publishing.wait_seconds(trouble))
