"""Ask once more with a new token if a server does not accept the token of a request. This is the same for every transport."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing
from typing import Final, TypeVar

from ..async_order_stream import AsyncStreamTransport
from ..bearer_token import BearerToken
from ..errors import RequestRefused
from ..order_stream import StreamTransport
from ..protocol.reading import Reading
from ..protocol.server_response import ServerResponse
from .event_publisher import AsyncEventPublisher, EventPublisher

_UNAUTHORIZED: Final = 401
_Value = TypeVar("_Value")


class RenewedStreams:
    """Reads a stream with the transport `streams`, which asks `token` for each connection."""

    def __init__(self, streams: StreamTransport, token: BearerToken) -> None:
        self._streams = streams
        self._token = token

    def read(self, reading: Reading[_Value]) -> Generator[_Value]:
        try:
            yield from self._streams.read(reading)
        except RequestRefused as refused:
            if refused.status != _UNAUTHORIZED or not self._token.can_change:
                raise
        else:
            return
        yield from self._streams.read(reading)


class AsyncRenewedStreams:
    """The same for asyncio."""

    def __init__(self, streams: AsyncStreamTransport, token: BearerToken) -> None:
        self._streams = streams
        self._token = token

    async def read(self, reading: Reading[_Value]) -> AsyncGenerator[_Value]:
        try:
            async with aclosing(self._streams.read(reading)) as values:
                async for value in values:
                    yield value
        except RequestRefused as refused:
            if refused.status != _UNAUTHORIZED or not self._token.can_change:
                raise
        else:
            return
        async with aclosing(self._streams.read(reading)) as values:
            async for value in values:
                yield value


class RenewedPublisher:
    """Publishes with `publisher`, which asks `token` for each connection."""

    def __init__(self, publisher: EventPublisher, token: BearerToken) -> None:
        self._publisher = publisher
        self._token = token
        self.close = publisher.close

    def publish(self, events: bytes) -> ServerResponse:
        try:
            response = self._publisher.publish(events)
            if response.status_code != _UNAUTHORIZED or not self._token.can_change:
                return response
        except RequestRefused as refused:
            if refused.status != _UNAUTHORIZED or not self._token.can_change:
                raise
        self.close()
        return self._publisher.publish(events)


class AsyncRenewedPublisher:
    """The same for asyncio."""

    def __init__(self, publisher: AsyncEventPublisher, token: BearerToken) -> None:
        self._publisher = publisher
        self._token = token
        self.close = publisher.close

    async def publish(self, events: bytes) -> ServerResponse:
        try:
            response = await self._publisher.publish(events)
            if response.status_code != _UNAUTHORIZED or not self._token.can_change:
                return response
        except RequestRefused as refused:
            if refused.status != _UNAUTHORIZED or not self._token.can_change:
                raise
        await self.close()
        return await self._publisher.publish(events)
