"""A stream for asyncio: what `Reading` decides, done without blocking. Its twin is `order_stream`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from types import TracebackType
from typing import Generic, Self, TypeVar

import httpx

from .body import read_body_async
from .endpoint import Connection, answer_of, event_source
from .protocol.reading import Reading
from .protocol.retries import Trouble

_Value = TypeVar("_Value")
_Value_co = TypeVar("_Value_co", covariant=True)


class AsyncOrderStream(Generic[_Value_co]):
    """The events of a stream, each once and in order, across as many connections as that takes.

    Iterate over it; as a context manager it ends its connection at once when it is left. After an exception, or after `aclose`,
    iterating again goes on behind `last_event_id`. For one task at a time.
    """

    def __init__(self, http: httpx.AsyncClient, connection: Connection, reading: Reading[_Value_co]) -> None:
        self._http = http
        self._connection = connection
        self._reading = reading
        self._values: AsyncGenerator[_Value_co] | None = None

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

    async def __anext__(self) -> _Value_co:
        if self._values is None or not self._reading.active:
            self._values = _follow(self._http, self._connection, self._reading)
        return await anext(self._values)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


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
            reading.opened(answer_of(response, b"" if response.status_code == 200 else await read_body_async(response)))
            async with aclosing(_read(response, reading)) as values:
                async for value in values:
                    yield value
        reading.lost(connection.ended())
    except Trouble as trouble:
        reading.lost(trouble)
    except httpx.RequestError as error:
        reading.lost(connection.silence(error))


async def _read(response: httpx.Response, reading: Reading[_Value]) -> AsyncGenerator[_Value]:
    async with aclosing(event_source(response).aiter_sse()) as frames:
        while reading.reading_on and (frame := await anext(frames, None)):
            value = reading.receive(frame)
            if value is not None:
                yield value
