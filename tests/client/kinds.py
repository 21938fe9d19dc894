"""The two clients behind one interface, so that each test runs with both."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import aclosing
from typing import Protocol, Unpack

from app.client import AsyncOrdersClient, OrdersClient, PublishedEvent, StreamOptions
from app.client.bearer_token import Token
from app.client.protocol.stream_options import Checkpoints, StreamItem
from app.client.transports.choice import Transport


class Kind(Protocol):
    """The operations of a client that tests use."""

    def read(
        self,
        url: str,
        count: int | None = None,
        checkpoints: Checkpoints = "skip",
        transport: Transport = "sse",
        token: Token | None = None,
        **options: Unpack[StreamOptions],
    ) -> list[StreamItem]:
        """Read `count` values, or to the end."""

    def publish(
        self,
        url: str,
        events: Iterable[Mapping[str, object]],
        retry_max_seconds: float | None = 60,
        transport: Transport = "sse",
        token: Token | None = None,
    ) -> list[PublishedEvent]:
        """Publish events in one request."""


class Blocking:
    """The client for threads."""

    def read(
        self,
        url: str,
        count: int | None = None,
        checkpoints: Checkpoints = "skip",
        transport: Transport = "sse",
        token: Token | None = None,
        **options: Unpack[StreamOptions],
    ) -> list[StreamItem]:
        values: list[StreamItem] = []
        with (
            OrdersClient(url, transport=transport, token=token) as orders,
            orders.stream(gaps="yield", checkpoints=checkpoints, **options) as stream,
        ):
            while len(values) != count and (value := next(stream, None)):
                values.append(value)
        return values

    def publish(
        self,
        url: str,
        events: Iterable[Mapping[str, object]],
        retry_max_seconds: float | None = 60,
        transport: Transport = "sse",
        token: Token | None = None,
    ) -> list[PublishedEvent]:
        with OrdersClient(url, transport=transport, token=token) as orders:
            return orders.publish(events, retry_max_seconds=retry_max_seconds)


class Asynchronous:
    """The client for asyncio."""

    def read(
        self,
        url: str,
        count: int | None = None,
        checkpoints: Checkpoints = "skip",
        transport: Transport = "sse",
        token: Token | None = None,
        **options: Unpack[StreamOptions],
    ) -> list[StreamItem]:
        async def read() -> list[StreamItem]:
            values: list[StreamItem] = []
            async with (
                AsyncOrdersClient(url, transport=transport, token=token) as orders,
                aclosing(orders.stream(gaps="yield", checkpoints=checkpoints, **options)) as stream,
            ):
                while len(values) != count and (value := await anext(stream, None)):
                    values.append(value)
            return values

        return asyncio.run(read())

    def publish(
        self,
        url: str,
        events: Iterable[Mapping[str, object]],
        retry_max_seconds: float | None = 60,
        transport: Transport = "sse",
        token: Token | None = None,
    ) -> list[PublishedEvent]:
        async def publish() -> list[PublishedEvent]:
            async with AsyncOrdersClient(url, transport=transport, token=token) as orders:
                return await orders.publish(events, retry_max_seconds=retry_max_seconds)

        return asyncio.run(publish())


KINDS: Mapping[str, Kind] = {"threads": Blocking(), "asyncio": Asynchronous()}
