"""Streams and publishing over WebSocket, for asyncio. `web_socket` is the same with blocking I/O."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import TypeVar

import httpx
from websockets.asyncio.client import ClientConnection, connect

from ..endpoint import Endpoint
from ..protocol.reading import Reading
from ..protocol.retries import TransientError
from ..protocol.server_response import ServerResponse
from ..protocol.websocket_messages import frames_of, publish_answer, publish_message, received, subscribe_message
from .handshake import FAILURES, check_subprotocol, connect_options, failed

_Value = TypeVar("_Value")


class AsyncWebSocketStreams:
    """Reads streams of `endpoint`, each over a connection of its own. `http`, `certificates`: see `connect_options`."""

    def __init__(self, http: httpx.AsyncClient, endpoint: Endpoint, certificates: ssl.SSLContext | None) -> None:
        self._http = http
        self._endpoint = endpoint
        self._certificates = certificates

    async def read(self, reading: Reading[_Value]) -> AsyncGenerator[_Value]:
        request = reading.next_request()
        try:
            async with _open(self._http, self._endpoint, self._certificates) as connection:
                await self._send(connection, subscribe_message(request))
                reading.connected()
                async with aclosing(self._read(connection, reading)) as values:
                    async for value in values:
                        yield value
            reading.disconnected(self._endpoint.stream_ended())
        except TransientError as failure:
            reading.disconnected(failure)

    async def _read(self, connection: ClientConnection, reading: Reading[_Value]) -> AsyncGenerator[_Value]:
        while reading.expects_frames:
            for frame in frames_of(received(await self._receive(connection))):
                value = reading.receive(frame) if reading.expects_frames else None
                if value is not None:
                    yield value

    async def _send(self, connection: ClientConnection, message: str) -> None:
        try:
            await connection.send(message)
        except FAILURES as error:
            raise failed(self._endpoint, error) from error

    async def _receive(self, connection: ClientConnection) -> str | bytes:
        try:
            return await asyncio.wait_for(connection.recv(), self._endpoint.silence_seconds)
        except FAILURES as error:
            raise failed(self._endpoint, error) from error


class AsyncWebSocketPublisher:
    """Publishes over one connection, which is made when it is needed. One request is sent at a time."""

    def __init__(self, http: httpx.AsyncClient, endpoint: Endpoint, certificates: ssl.SSLContext | None) -> None:
        self._http = http
        self._endpoint = endpoint
        self._certificates = certificates
        self._lock = asyncio.Lock()
        self._opened = AsyncExitStack()
        self._connection: ClientConnection | None = None
        self._number = 0

    async def publish(self, events: bytes) -> ServerResponse:
        """Send events and return the answer. `events`: a JSON array. Raises TransientError, RequestRefused, UnexpectedAnswer."""
        async with self._lock:
            if self._connection is None:
                opened = _open(self._http, self._endpoint, self._certificates)
                self._connection = await self._opened.enter_async_context(opened)
            try:
                return await self._answer(self._connection, events)
            except FAILURES as error:
                await self.close()
                raise failed(self._endpoint, error) from error

    async def close(self) -> None:
        self._connection = None
        await self._opened.aclose()

    async def _answer(self, connection: ClientConnection, events: bytes) -> ServerResponse:
        self._number += 1
        await connection.send(publish_message(self._number, events))
        while True:
            message = received(await asyncio.wait_for(connection.recv(), self._endpoint.answer_seconds))
            answer = publish_answer(message, self._number)
            if answer is not None:
                return answer


@asynccontextmanager
async def _open(
    http: httpx.AsyncClient, endpoint: Endpoint, certificates: ssl.SSLContext | None
) -> AsyncGenerator[ClientConnection]:
    authorization = await endpoint.token.headers_async()
    connecting = connect(**connect_options(endpoint, http, certificates, authorization))
    try:
        connection = await connecting.__aenter__()
    except FAILURES as error:
        raise failed(endpoint, error) from error
    async with connection:
        check_subprotocol(connection.subprotocol)
        yield connection
