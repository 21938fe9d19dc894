"""The client for threads: it makes streams, and publishes with blocking I/O as `Publishing` decides. Its twin is `async_orders`."""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from types import TracebackType
from typing import Literal, Self, TypeVar, Unpack, overload

import httpx

from .endpoint import Endpoint, new_client, read_body, server_response
from .events import Checkpoint, Gap, OrderEvent
from .order_stream import OrderStream
from .protocol.publishing import RETRY_MAX_SECONDS, PublishedEvent, Publishing
from .protocol.reading import Reading
from .protocol.retries import TransientError
from .protocol.stream_options import Checkpoints, Gaps, StreamItem, StreamOptions, delivery, stream_query

_log = logging.getLogger(__name__)
_Value = TypeVar("_Value")


class OrdersClient:
    """A client of one server, for any number of threads. Leaving it as a context manager closes its connections.

    `url`: the address of the server, such as http://127.0.0.1:8000.
    `certificates`: the certificates to trust, for an https server; default: those in SSL_CERT_FILE or SSL_CERT_DIR, else the public
        ones.
    `http`: an `httpx.Client` to use instead of an own one, for credentials or proxies; the caller closes it. Then
        `certificates` has no effect.
    `silence_seconds`: how long a stream may be silent before the connection counts as broken; default: 45, which is three times the
        time between two heartbeats of a server with default settings.
    `report`: called with a sentence at the first failure in a row that may pass; default: a warning in the log of this package.

    Raises ValueError if `url` is not an address, or if SSL_CERT_FILE or SSL_CERT_DIR names certificates that cannot be read.
    """

    def __init__(
        self,
        url: str,
        *,
        certificates: ssl.SSLContext | None = None,
        http: httpx.Client | None = None,
        silence_seconds: float | None = None,
        report: Callable[[str], None] = _log.warning,
    ) -> None:
        self._endpoint = Endpoint(url, silence_seconds)
        self._http = new_client(self._endpoint.url, certificates) if http is None else http
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
        """Follow order events. The stream connects when it is iterated over, and returns after a broken connection.

        `gaps`: "raise" (default) raises EventsLost at a place where events are lost; "yield" yields a `Gap` there.
        `checkpoints`: "yield" yields a `Checkpoint` whenever `last_event_id` moves without an event, as it does in a quiet hour.
            A program that keeps that id need not read again from the last event that matched; default: "skip".
        `options`: the events to read, as in `StreamOptions`.

            for event in orders.stream(event_types=["order.cancelled"]):
                print(event.id, event.data["orderId"])

        Raises ValueError if an option is not valid. Iterating raises RequestRefused and UnexpectedAnswer, EventsLost as `gaps` says,
        and Unavailable after `retry_max_seconds` without an answer.
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
        """Publish one event, or a list of up to 1,000 of which all are stored or none. Return when they are on disk.

        `events`: one event or several, as the contract has them: {"eventType": ..., "data": {...}}.
        `retry_max_seconds`: how long to try while there is no answer; None: without a limit. Trying again is safe, because every
            event without an `eventId` gets one before the first attempt.

        Returns a `PublishedEvent` for one event, or a list of them for several:

            stored = orders.publish({"eventType": "order.shipped", "data": {"orderId": "or_1", "when": when}})

        Raises EventsRefused, RequestRefused or UnexpectedAnswer; nothing is stored then. Raises Unavailable after
        `retry_max_seconds`; then it is unknown whether the events are stored.
        """
        if isinstance(events, Mapping):
            return self._publish([events], retry_max_seconds)[0]
        return self._publish(events, retry_max_seconds)

    def close(self) -> None:
        """Close all connections, unless the caller gave the HTTP client."""
        if self._closes:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _stream(self, deliver: Callable[[StreamItem], _Value | None], options: StreamOptions) -> OrderStream[_Value]:
        retry_max_seconds = options.get("retry_max_seconds")
        reading = Reading(stream_query(options), deliver, retry_max_seconds=retry_max_seconds, report=self._report)
        return OrderStream(self._http, self._endpoint, reading)

    def _publish(self, events: Iterable[Mapping[str, object]], retry_max_seconds: float | None) -> list[PublishedEvent]:
        publishing = Publishing(events, retry_max_seconds=retry_max_seconds, report=self._report)
        while True:
            request = self._endpoint.publish_request(self._http, publishing.body)
            try:
                response = self._http.send(request, stream=True)
                with closing(response):
                    return publishing.answered(server_response(response, read_body(response)))
            except TransientError as error:
                failure = error
            except httpx.RequestError as error:
                failure = self._endpoint.no_answer(error)
            time.sleep(publishing.wait_seconds(failure))
