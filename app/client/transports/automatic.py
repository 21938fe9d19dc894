"""Choose the transport of a stream by what the way to the server lets through."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing
from typing import Final, TypeVar

from ..protocol.reading import Reading
from .async_sse import AsyncServerSentEvents
from .async_web_socket import AsyncWebSocketStreams
from .sse import ServerSentEvents
from .web_socket import WebSocketStreams

FIRST_FRAME_SECONDS: Final = 10.0  # a server sends it at once; a proxy that collects the response keeps it

_SILENT_CONNECTIONS: Final = 2
_Value = TypeVar("_Value")


class Automatic:
    """Reads an event stream, and goes over to WebSocket if no frame has come in time on two connections in a row."""

    def __init__(self, events: ServerSentEvents, web_socket: WebSocketStreams) -> None:
        self._events = events
        self._web_socket = web_socket
        self._silent = 0

    def read(self, reading: Reading[_Value]) -> Generator[_Value]:
        if self._silent >= _SILENT_CONNECTIONS:
            yield from self._web_socket.read(reading)
            return
        yield from self._events.read(reading)
        self._silent = self._silent + 1 if self._events.was_silent else 0


class AsyncAutomatic:
    """The same for asyncio."""

    def __init__(self, events: AsyncServerSentEvents, web_socket: AsyncWebSocketStreams) -> None:
        self._events = events
        self._web_socket = web_socket
        self._silent = 0

    async def read(self, reading: Reading[_Value]) -> AsyncGenerator[_Value]:
        is_over = self._silent >= _SILENT_CONNECTIONS
        transport = self._web_socket if is_over else self._events
        async with aclosing(transport.read(reading)) as values:
            async for value in values:
                yield value
        if not is_over:
            self._silent = self._silent + 1 if self._events.was_silent else 0
