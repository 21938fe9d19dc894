"""A stream for threads: it does with blocking I/O what `Reading` decides. Its twin is `async_order_stream`."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import closing
from types import TracebackType
from typing import Generic, Self, TypeVar

import httpx

from .endpoint import Endpoint, read_body, server_response
from .event_source import event_source
from .protocol.reading import Reading
from .protocol.retries import TransientError

_Value = TypeVar("_Value")
_Value_co = TypeVar("_Value_co", covariant=True)


class OrderStream(Generic[_Value_co]):
    """The events of a stream, each once and in order, across as many connections as that takes.

    Iterate over it, from one thread at a time. Used as a context manager, it closes its connection when the block ends; without
    that, leaving the loop closes it, on a Python that counts references. After an exception, or after `close`, iterating again
    continues after `last_event_id`.
    """

    def __init__(self, http: httpx.Client, endpoint: Endpoint, reading: Reading[_Value_co]) -> None:
        self._http = http
        self._endpoint = endpoint
        self._reading = reading
        self._values: Generator[_Value_co] | None = None

    @property
    def last_event_id(self) -> str | None:
        """The position to resume after, as the argument `after` of another stream. It moves with every item; None if there is none yet.

        A program that stores it in the transaction that stores the result of handling an event handles each event exactly once,
        even if either side is killed.
        """
        return self._reading.last_event_id

    def close(self) -> None:
        """Close the connection."""
        if self._values is not None:
            self._values.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> _Value_co:
        if self._values is None or not self._reading.active:
            self._values = _follow(self._http, self._endpoint, self._reading)
        return next(self._values)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _follow(http: httpx.Client, endpoint: Endpoint, reading: Reading[_Value]) -> Generator[_Value]:
    # It has no reference to the stream object that holds it, so both end together; a cycle would wait for the garbage collector.
    with reading.following():
        while not reading.ended:
            yield from _connect(http, endpoint, reading)
            time.sleep(reading.wait_seconds())


def _connect(http: httpx.Client, endpoint: Endpoint, reading: Reading[_Value]) -> Generator[_Value]:
    request = endpoint.stream_request(http, reading.next_request())
    try:
        with closing(http.send(request, stream=True)) as response:
            reading.opened(server_response(response, b"" if response.status_code == 200 else read_body(response)))
            yield from _read(response, reading)
        reading.disconnected(endpoint.stream_ended())
    except TransientError as failure:
        reading.disconnected(failure)
    except httpx.RequestError as error:
        reading.disconnected(endpoint.no_answer(error))


def _read(response: httpx.Response, reading: Reading[_Value]) -> Generator[_Value]:
    frames = event_source(response).iter_sse()
    while reading.expects_frames and (frame := next(frames, None)):
        value = reading.receive(frame)
        if value is not None:
            yield value
