"""A stream for asyncio: it does the non-blocking I/O, and `Reading` makes the decisions. `order_stream` is the same for threads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from types import TracebackType
from typing import Generic, Self, TypeVar

import httpx

from .endpoint import Endpoint, read_body_async, server_response
from .event_source import event_source
from .protocol.reading import Reading
from .protocol.retries import TransientError

_Value = TypeVar("_Value")
_Value_co = TypeVar("_Value_co", covariant=True)


class AsyncOrderStream(Generic[_Value_co]):
    """An asynchronous iterator over the events of a stream, each once and in order. It reconnects as often as necessary.

    Only one task at a time may iterate over the stream. Used as a context manager, the stream closes its connection when the block
    ends. After an exception, or after `aclose`, iterating again continues after `last_event_id`.
    """

    def __init__(self, http: httpx.AsyncClient, endpoint: Endpoint, reading: Reading[_Value_co]) -> None:
        self._http = http
        self._endpoint = endpoint
        self._reading = reading
        self._values: AsyncGenerator[_Value_co] | None = None

    @property
    def last_event_id(self) -> str | None:
        """The id to pass as the argument `after` of another stream, which then resumes here. None if the stream has no position yet.

        The id changes with every item of the stream. A program that stores the id and the result of handling an event in one
        transaction handles each event exactly once, even if the program or the server is killed.
        """
        return self._reading.last_event_id

    async def aclose(self) -> None:
        """Close the connection."""
        if self._values is not None:
            await self._values.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> _Value_co:
        if self._values is None or not self._reading.active:
            self._values = _follow(self._http, self._endpoint, self._reading)
        return await anext(self._values)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


async def _follow(http: httpx.AsyncClient, endpoint: Endpoint, reading: Reading[_Value]) -> AsyncGenerator[_Value]:
    # This is not a method, because the generator must not refer to the stream object, which refers to the generator: such a cycle would
    # keep the connection open until the garbage collector finds it.
    with reading.following():
        while not reading.ended:
            async with aclosing(_connect(http, endpoint, reading)) as values:
                async for value in values:
                    yield value
            await asyncio.sleep(reading.wait_seconds())


async def _connect(http: httpx.AsyncClient, endpoint: Endpoint, reading: Reading[_Value]) -> AsyncGenerator[_Value]:
    request = endpoint.stream_request(http, reading.next_request())
    try:
        async with aclosing(await http.send(request, stream=True)) as response:
            reading.opened(
                server_response(response, b"" if response.status_code == 200 else await read_body_async(response))
            )
            async with aclosing(_read(response, reading)) as values:
                async for value in values:
                    yield value
        reading.disconnected(endpoint.stream_ended())
    except TransientError as failure:
        reading.disconnected(failure)
    except httpx.RequestError as error:
        reading.disconnected(endpoint.no_answer(error))


async def _read(response: httpx.Response, reading: Reading[_Value]) -> AsyncGenerator[_Value]:
    async with aclosing(event_source(response).aiter_sse()) as frames:
        while reading.expects_frames and (frame := await anext(frames, None)):
            value = reading.receive(frame)
            if value is not None:
                yield value
