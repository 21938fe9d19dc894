"""A stream for threads: what `Reading` decides, done with blocking I/O. Its twin is `async_order_stream`."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import closing
from types import TracebackType
from typing import Generic, Self, TypeVar

import httpx

from .body import read_body
from .endpoint import Connection, answer_of, event_source
from .protocol.reading import Reading
from .protocol.retries import Trouble

_Value = TypeVar("_Value")
_Value_co = TypeVar("_Value_co", covariant=True)


class OrderStream(Generic[_Value_co]):
    """The events of a stream, each once and in order, across as many connections as that takes.

    Iterate over it; as a context manager it ends its connection in any case, else leaving the loop does, where Python counts
    references. After an exception, or after `close`, iterating again goes on behind `last_event_id`. For one thread at a time.
    """

    def __init__(self, http: httpx.Client, connection: Connection, reading: Reading[_Value_co]) -> None:
        self._http = http
        self._connection = connection
        self._reading = reading
        self._values: Generator[_Value_co] | None = None

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

    def __next__(self) -> _Value_co:
        if self._values is None or not self._reading.active:
            self._values = _follow(self._http, self._connection, self._reading)
        return next(self._values)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _follow(http: httpx.Client, connection: Connection, reading: Reading[_Value]) -> Generator[_Value]:
    # It knows nothing of the stream that holds it, and so ends with it: a cycle would wait for the garbage collector.
    with reading.following():
        while not reading.ended:
            yield from _try(http, connection, reading)
            time.sleep(reading.wait_seconds())


def _try(http: httpx.Client, connection: Connection, reading: Reading[_Value]) -> Generator[_Value]:
    try:
        with closing(http.send(connection.subscription(http, reading.ask()), stream=True)) as response:
            reading.opened(answer_of(response, b"" if response.status_code == 200 else read_body(response)))
            yield from _read(response, reading)
        reading.lost(connection.ended())
    except Trouble as trouble:
        reading.lost(trouble)
    except httpx.RequestError as error:
        reading.lost(connection.silence(error))


def _read(response: httpx.Response, reading: Reading[_Value]) -> Generator[_Value]:
    frames = event_source(response).iter_sse()
    while reading.reading_on and (frame := next(frames, None)):
        value = reading.receive(frame)
        if value is not None:
            yield value
