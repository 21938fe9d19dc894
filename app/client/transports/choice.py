"""The transports of a client, by their names: one for each stream, and one publisher for the whole client."""

from __future__ import annotations

import ssl
from typing import Literal, Protocol, TypeAlias, get_args

import httpx

from ..async_order_stream import AsyncStreamTransport
from ..endpoint import Endpoint
from ..order_stream import StreamTransport
from ..protocol.server_response import ServerResponse
from .async_sse import AsyncServerSentEvents
from .async_web_socket import AsyncWebSocketPublisher, AsyncWebSocketStreams
from .automatic import FIRST_FRAME_SECONDS, AsyncAutomatic, Automatic
from .http_publisher import AsyncHttpPublisher, HttpPublisher
from .sse import ServerSentEvents
from .web_socket import WebSocketPublisher, WebSocketStreams

Transport: TypeAlias = Literal["sse", "websocket", "auto"]


class EventPublisher(Protocol):
    """How events go to a server."""

    def publish(self, events: bytes) -> ServerResponse:
        """Send events and return the answer. `events`: a JSON array. Raises TransientError, RequestRefused, UnexpectedAnswer."""

    def close(self) -> None:
        """Close the connections that belong to the publisher alone."""


class AsyncEventPublisher(Protocol):
    """The same for asyncio."""

    async def publish(self, events: bytes) -> ServerResponse:
        """Send events and return the answer. `events`: a JSON array. Raises TransientError, RequestRefused, UnexpectedAnswer."""

    async def close(self) -> None:
        """Close the connections that belong to the publisher alone."""


def checked_transport(name: str) -> str:
    """Return the name of a transport. Raises ValueError if there is none of this name."""
    if name not in get_args(Transport):
        raise ValueError(f"{name!r} is not a transport; it must be one of {', '.join(map(repr, get_args(Transport)))}.")
    return name


def new_streams(
    transport: str, http: httpx.Client, endpoint: Endpoint, certificates: ssl.SSLContext | None
) -> StreamTransport:
    """Return the transport of one stream. `certificates`: of WebSocket; `http` has its own."""
    match transport:
        case "websocket":
            return WebSocketStreams(http, endpoint, certificates)
        case "auto":
            events = ServerSentEvents(http, endpoint, FIRST_FRAME_SECONDS)
            return Automatic(events, WebSocketStreams(http, endpoint, certificates))
    return ServerSentEvents(http, endpoint)


def new_publisher(
    transport: str, http: httpx.Client, endpoint: Endpoint, certificates: ssl.SSLContext | None
) -> EventPublisher:
    """Return the publisher of a client. The arguments are those of `new_streams`."""
    if transport == "websocket":
        return WebSocketPublisher(http, endpoint, certificates)
    return HttpPublisher(http, endpoint)


def new_async_streams(
    transport: str, http: httpx.AsyncClient, endpoint: Endpoint, certificates: ssl.SSLContext | None
) -> AsyncStreamTransport:
    """Return the transport of one stream for asyncio. The arguments are those of `new_streams`."""
    match transport:
        case "websocket":
            return AsyncWebSocketStreams(http, endpoint, certificates)
        case "auto":
            events = AsyncServerSentEvents(http, endpoint, FIRST_FRAME_SECONDS)
            return AsyncAutomatic(events, AsyncWebSocketStreams(http, endpoint, certificates))
    return AsyncServerSentEvents(http, endpoint)


def new_async_publisher(
    transport: str, http: httpx.AsyncClient, endpoint: Endpoint, certificates: ssl.SSLContext | None
) -> AsyncEventPublisher:
    """Return the publisher of a client for asyncio. The arguments are those of `new_streams`."""
    if transport == "websocket":
        return AsyncWebSocketPublisher(http, endpoint, certificates)
    return AsyncHttpPublisher(http, endpoint)
