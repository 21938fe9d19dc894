"""A stream for threads: a transport does the blocking I/O, and `Reading` makes the decisions. `async_order_stream` is the same for
asyncio.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

from .events import Deprecation
from .protocol.reading import Reading

_Value = TypeVar("_Value")
_Value_co = TypeVar("_Value_co", covariant=True)


class StreamTransport(Protocol):
    """How the frames of a stream come from a server."""

    def read(self, reading: Reading[_Value]) -> Generator[_Value]:
        """Make one connection for the next request of `reading`, and pass everything that comes to it.

        Yields the values that it returns. When the connection has ended, `reading` has been told why.
        """


class OrderStream(Generic[_Value_co]):
    """An iterator over the events of a stream, each once and in order. It reconnects as often as necessary.

    Only one thread at a time may iterate over the stream. Used as a context manager, the stream closes its connection when the block
    ends. Without a context manager, CPython closes the connection when the stream object is no longer referenced. After an exception,
    or after `close`, iterating again continues after `last_event_id`.
    """

    def __init__(self, transport: StreamTransport, reading: Reading[_Value_co]) -> None:
        self._transport = transport
        self._reading = reading
        self._values: Generator[_Value_co] | None = None

    @property
    def last_event_id(self) -> str | None:
        """The id to pass as the argument `after` of another stream, which then resumes here. None if the stream has no position yet.

        The id changes with every item of the stream. A program that stores the id and the result of handling an event in one
        transaction handles each event exactly once, even if the program or the server is killed.
        """
        return self._reading.last_event_id

    @property
    def deprecations(self) -> tuple[Deprecation, ...]:
        """What the server has told to be deprecated of what this stream reads, on its connections so far."""
        return self._reading.deprecations

    def close(self) -> None:
        """Close the connection."""
        if self._values is not None:
            self._values.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> _Value_co:
        if self._values is None or not self._reading.active:
            self._values = _follow(self._transport, self._reading)
        return next(self._values)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _follow(transport: StreamTransport, reading: Reading[_Value]) -> Generator[_Value]:
    # This is not a method, because the generator must not refer to the stream object, which refers to the generator: such a cycle would
    # keep the connection open until the garbage collector finds it.
    with reading.following():
        while not reading.ended:
            yield from transport.read(reading)
            time.sleep(reading.wait_seconds())
