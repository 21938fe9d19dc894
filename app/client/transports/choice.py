"""The transports of a client, by their names: one for each stream, and one publisher for the whole client."""

from __future__ import annotations

import ssl
from typing import Literal, TypeAlias, get_args

import httpx

from ..async_order_stream import AsyncStreamTransport
from ..bearer_token import BearerToken
from ..endpoint import DISTRIBUTION, GRPC_SCHEMES, Endpoint
from ..order_stream import StreamTransport
from .async_sse import AsyncServerSentEvents
from .async_web_socket import AsyncWebSocketPublisher, AsyncWebSocketStreams
from .automatic import FIRST_FRAME_SECONDS, AsyncAutomatic, Automatic
from .event_publisher import AsyncEventPublisher, EventPublisher
from .http_publisher import AsyncHttpPublisher, HttpPublisher
from .sse import ServerSentEvents
from .web_socket import WebSocketPublisher, WebSocketStreams

Transport: TypeAlias = Literal["sse", "websocket", "auto", "grpc"]


def new_endpoint(transport: str, url: str, silence_seconds: float | None, token: BearerToken) -> Endpoint:
    """Return the endpoint at `url` for a transport. `silence_seconds`, `token`: see `Endpoint`.

    Raises ValueError if there is no transport of this name or if the URL is not one for it, ImportError if its packages are missing.
    """
    if transport not in get_args(Transport):
        known = ", ".join(map(repr, get_args(Transport)))
        raise ValueError(f"{transport!r} is not a transport; it must be one of {known}.")
    if transport != "grpc":
        return Endpoint(url, token, silence_seconds)
    try:
        from .grpc import async_grpc_calls, grpc_calls  # noqa: F401, PLC0415  # optional packages
    except ModuleNotFoundError as missing:
        raise ImportError(
            f"The transport grpc needs the package {missing.name}, which is not installed: pip install '{DISTRIBUTION}[grpc]'."
        ) from None
    return Endpoint(url, token, silence_seconds, GRPC_SCHEMES)


def new_streams(
    transport: str, http: httpx.Client, endpoint: Endpoint, certificates: ssl.SSLContext | None
) -> StreamTransport:
    """Return the transport of one stream. `certificates`: of WebSocket and gRPC; `http` has its own."""
    match transport:
        case "websocket":
            return WebSocketStreams(http, endpoint, certificates)
        case "grpc":
            from .grpc.grpc_calls import GrpcStreams  # noqa: PLC0415  # optional packages

            return GrpcStreams(http, endpoint, certificates)
        case "auto":
            events = ServerSentEvents(http, endpoint, FIRST_FRAME_SECONDS)
            return Automatic(events, WebSocketStreams(http, endpoint, certificates))
    return ServerSentEvents(http, endpoint)


def new_publisher(
    transport: str, http: httpx.Client, endpoint: Endpoint, certificates: ssl.SSLContext | None
) -> EventPublisher:
    """Return the publisher of a client. The arguments are those of `new_streams`."""
    match transport:
        case "websocket":
            return WebSocketPublisher(http, endpoint, certificates)
        case "grpc":
            from .grpc.grpc_calls import GrpcPublisher  # noqa: PLC0415  # optional packages

            return GrpcPublisher(http, endpoint, certificates)
    return HttpPublisher(http, endpoint)


def new_async_streams(
    transport: str, http: httpx.AsyncClient, endpoint: Endpoint, certificates: ssl.SSLContext | None
) -> AsyncStreamTransport:
    """Return the transport of one stream for asyncio. The arguments are those of `new_streams`."""
    match transport:
        case "websocket":
            return AsyncWebSocketStreams(http, endpoint, certificates)
        case "grpc":
            from .grpc.async_grpc_calls import AsyncGrpcStreams  # noqa: PLC0415  # optional packages

            return AsyncGrpcStreams(http, endpoint, certificates)
        case "auto":
            events = AsyncServerSentEvents(http, endpoint, FIRST_FRAME_SECONDS)
            return AsyncAutomatic(events, AsyncWebSocketStreams(http, endpoint, certificates))
    return AsyncServerSentEvents(http, endpoint)


def new_async_publisher(
    transport: str, http: httpx.AsyncClient, endpoint: Endpoint, certificates: ssl.SSLContext | None
) -> AsyncEventPublisher:
    """Return the publisher of a client for asyncio. The arguments are those of `new_streams`."""
    match transport:
        case "websocket":
            return AsyncWebSocketPublisher(http, endpoint, certificates)
        case "grpc":
            from .grpc.async_grpc_calls import AsyncGrpcPublisher  # noqa: PLC0415  # optional packages

            return AsyncGrpcPublisher(http, endpoint, certificates)
    return AsyncHttpPublisher(http, endpoint)
