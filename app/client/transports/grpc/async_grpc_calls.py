"""Streams and publishing over gRPC, for asyncio. `grpc_calls` is the same with blocking I/O."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Awaitable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import Any, TypeVar

import grpc
import httpx

from ...endpoint import Endpoint
from ...protocol.reading import Reading
from ...protocol.retries import TransientError
from ...protocol.server_response import ServerResponse
from .call_failures import interruption, published, refusal, retry_ms, silent
from .described_messages import DescribedMessages, NotCarried
from .grpc_channel import (
    PUBLISH,
    REFLECT,
    REFLECT_REQUEST,
    SUBSCRIBE,
    Metadata,
    Target,
    call_metadata,
    described,
    target,
)

_Value = TypeVar("_Value")
_Result = TypeVar("_Result")


class AsyncGrpcStreams:
    """Reads streams of `endpoint`, each over a connection of its own. `http`: see `call_metadata`. `certificates`: see `target`."""

    def __init__(self, http: httpx.AsyncClient, endpoint: Endpoint, certificates: ssl.SSLContext | None) -> None:
        self._endpoint = endpoint
        self._http = http
        self._target = target(endpoint, certificates)

    async def read(self, reading: Reading[_Value]) -> AsyncGenerator[_Value]:
        request = reading.next_request()
        try:
            metadata = call_metadata(self._endpoint, self._http, await self._endpoint.token.headers_async())
            async with _open(self._target) as channel:
                messages = await _describe(channel, self._target, metadata)
                method: Any = channel.unary_stream(SUBSCRIBE, None, messages.subscribe_response.FromString)
                call = method(messages.subscribe_request(request), metadata=metadata)
                reading.connected()
                async with aclosing(self._read(call, messages, reading)) as values:
                    async for value in values:
                        yield value
            reading.disconnected(self._endpoint.stream_ended())
        except TransientError as failure:
            reading.disconnected(failure)
        except (grpc.RpcError, NotCarried) as error:
            reading.disconnected(interruption(self._endpoint.url, error))

    async def _read(self, call: Any, messages: DescribedMessages, reading: Reading[_Value]) -> AsyncGenerator[_Value]:
        while reading.expects_frames and (response := await self._bounded(call.read())) is not grpc.aio.EOF:
            ending = await self._bounded(call.trailing_metadata()) if response.HasField("closing") else None
            for frame in messages.frames(response, retry_ms(ending)):
                value = reading.receive(frame) if reading.expects_frames else None
                if value is not None:
                    yield value

    async def _bounded(self, wait: Awaitable[_Result]) -> _Result:
        """Wait for the server. Raises TransientError if nothing comes for too long."""
        try:
            async with asyncio.timeout(self._endpoint.silence_seconds):
                return await wait
        except TimeoutError:
            raise silent(self._endpoint) from None


class AsyncGrpcPublisher:
    """Publishes over one connection, which is made when it is needed. One request is sent at a time."""

    def __init__(self, http: httpx.AsyncClient, endpoint: Endpoint, certificates: ssl.SSLContext | None) -> None:
        self._endpoint = endpoint
        self._http = http
        self._target = target(endpoint, certificates)
        self._lock = asyncio.Lock()
        self._opened = AsyncExitStack()
        self._connection: tuple[grpc.aio.Channel, DescribedMessages] | None = None

    async def publish(self, events: bytes) -> ServerResponse:
        """Send events and return the answer. `events`: a JSON array. Raises TransientError, UnexpectedAnswer."""
        async with self._lock:
            try:
                return await self._answer(events)
            except (grpc.RpcError, NotCarried) as error:
                await self.close()
                return refusal(self._endpoint.url, error)

    async def close(self) -> None:
        self._connection = None
        await self._opened.aclose()

    async def _answer(self, events: bytes) -> ServerResponse:
        metadata = call_metadata(self._endpoint, self._http, await self._endpoint.token.headers_async())
        channel, messages = self._connection or await self._connect(metadata)
        try:
            request = messages.publish_request(events)
        except NotCarried:  # a newer server may have taken over since
            channel, messages = await self._connect(metadata)
            request = messages.publish_request(events)
        method: Any = channel.unary_unary(PUBLISH, None, messages.publish_response.FromString)
        answer = method(request, timeout=self._endpoint.answer_seconds, metadata=metadata)
        return published(await answer)

    async def _connect(self, metadata: Metadata) -> tuple[grpc.aio.Channel, DescribedMessages]:
        await self.close()
        channel = await self._opened.enter_async_context(_open(self._target))
        self._connection = channel, await _describe(channel, self._target, metadata)
        return self._connection


@asynccontextmanager
async def _open(target: Target) -> AsyncGenerator[grpc.aio.Channel]:
    if target.credentials is None:
        channel = grpc.aio.insecure_channel(target.address, target.options)
    else:
        channel = grpc.aio.secure_channel(target.address, target.credentials, target.options)
    async with channel:
        yield channel


async def _describe(channel: grpc.aio.Channel, target: Target, metadata: Metadata) -> DescribedMessages:
    method: Any = channel.unary_unary(REFLECT)
    return described(await method(REFLECT_REQUEST, timeout=target.connect_seconds, metadata=metadata))
