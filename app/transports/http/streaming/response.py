"""The HTTP response that is an event stream: it sends the items of a subscription to the client.

There are two ways to send. The server in `app/server` hands the connection over to the response (`connection_sinks.py`). On any other
ASGI server each item is sent as an ASGI message (`asgi_sink.py`).

A client that accepts gzip is sent the same bytes, compressed (`app/transports/compression`): one gzip file that ends with the stream.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Final

from starlette.types import Receive, Scope, Send

from app.access.admission import Admission, Leave
from app.access.client import Client
from app.access.errors import LimitReached
from app.access.reconnection import Reconnection, overloaded_seconds
from app.events.delivery.encoded import EncodedPages, LastItem
from app.events.delivery.fan_out import FanOut
from app.events.delivery.stream_item import Closing, StreamItem, StreamStart
from app.events.delivery.subscription import Subscription
from app.server.take_over import TAKE_OVER, Connection, Stream, TransferCoding, close_delimited
from app.specification.deprecated_majors import DeprecatedMajor
from app.transports.compression.gzip_body import GzipBody, SharedParts
from app.transports.http.deprecation_headers import reader_headers
from app.transports.http.requests.negotiation import prefers_gzip
from app.transports.http.requests.parameters import header_values
from app.transports.http.streaming import sse
from app.transports.http.streaming.asgi_sink import AsgiSink
from app.transports.http.streaming.connection_sinks import GzipSink, PlainSink

STREAM_HEADERS: Final = (
    (b"content-type", f"{sse.MEDIA_TYPE}; charset=utf-8".encode()),
    # No cache stores the stream, and no proxy changes its coding, which would buffer events.
    (b"cache-control", b"no-store, no-transform"),
    # nginx forwards each write at once.
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
)
VARY: Final = (b"vary", b"Accept-Encoding")
GZIP: Final = (b"content-encoding", b"gzip")
# Otherwise an overloaded server would keep the connections of the clients that it refuses, each of which needs a file descriptor.
CLOSE: Final = (b"connection", b"close")


class EventStreams:
    """The objects that all event streams of one server share. An item that is sent to many clients is encoded only once.

    `fan_out`: sends new events to all open subscriptions. `admission`: limits the number of streams. `reconnection`: how long clients wait
    before they reconnect. `compress`: whether streams are compressed for clients that accept gzip.
    """

    def __init__(
        self, fan_out: FanOut, admission: Admission, reconnection: Reconnection, *, compress: bool = True
    ) -> None:
        self.fan_out = fan_out
        self.admission = admission
        self.compress = compress
        self._reconnection = reconnection
        self._pages = EncodedPages(sse.encode)
        self._last_items: dict[TransferCoding, LastItem[bytes]] = {}
        self._shared_parts: dict[TransferCoding, SharedParts] = {}

    def are_compressed(self, scope: Scope) -> bool:
        """Return whether the stream that answers a request is compressed."""
        return self.compress and prefers_gzip(",".join(header_values(scope, b"accept-encoding")))

    def response_start(self, scope: Scope, deprecations: tuple[DeprecatedMajor, ...] = ()) -> dict[str, Any]:
        """Return the ASGI message with which the answer to a request begins. `deprecations`: of what its sender reads."""
        headers = [*STREAM_HEADERS]
        if deprecations:
            headers += [(name.lower().encode(), text.encode()) for name, text in reader_headers(deprecations).items()]
        if self.compress:
            headers.append(VARY)
        if self.are_compressed(scope):
            headers.append(GZIP)
        return {"type": "http.response.start", "status": 200, "headers": headers}

    def encode(self, item: StreamItem) -> bytes:
        """Encode an item as bytes of an event stream.

        The first item contains the reconnection time (`retry`). So does the last one before the server stops, if many streams end then.
        """
        match item:
            case StreamStart(Closing("overloaded")):
                return sse.encode_opening(item, overloaded_seconds() * 1_000)
            case StreamStart():
                return sse.encode_opening(item, self._reconnection.wait_ms())
            case Closing("drain") if self._reconnection.is_spread:
                return sse.encode_closing(item, self._reconnection.wait_ms())
            case _:
                return self._pages.encode(item)

    def last_item(self, coding: TransferCoding) -> LastItem[bytes]:
        """Return the cache of the last encoded item, which all connections with this transfer coding (chunked or not) share."""
        if coding not in self._last_items:
            self._last_items[coding] = LastItem(self.encode, coding)
        return self._last_items[coding]

    def gzip_body(self, coding: TransferCoding) -> GzipBody:
        """Return the body of a new compressed stream on a connection with this transfer coding."""
        if coding not in self._shared_parts:
            self._shared_parts[coding] = SharedParts(self.encode, coding)
        return self._shared_parts[coding].body()


class EventStreamResponse:
    """An ASGI application that sends the items of a subscription, until the subscription ends or the client disconnects.

    `client`: the sender of the request. If it may have no more streams, it is sent a `ClosedStreamResponse` instead.

    Everything that can fail is done before this response is created, because the status 200 cannot be changed afterwards.
    """

    def __init__(self, streams: EventStreams, subscription: Subscription, client: Client) -> None:
        self._streams = streams
        self._subscription = subscription
        self._client = client

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = self._streams.response_start(scope, self._subscription.deprecations)
        if scope["method"] == "HEAD":
            await send(start)
            await send({"type": "http.response.body"})
            return
        try:
            leave = self._streams.admission.admit(self._client, "http")
        except LimitReached:
            await ClosedStreamResponse(self._streams, Closing("overloaded"))(scope, receive, send)
            return
        with ExitStack() as until_open:
            until_open.callback(leave)
            await send(start)
            until_open.pop_all()
        await self._open(leave, scope, receive, send)

    async def _open(self, on_closed: Leave, scope: Scope, receive: Receive, send: Send) -> None:
        streams, subscription = self._streams, self._subscription
        compressed = streams.are_compressed(scope)
        take_over = scope.get("extensions", {}).get(TAKE_OVER)
        if take_over is not None:
            open_on_connection(subscription, take_over["connection"], streams, on_closed, compressed=compressed)
        else:
            encode = streams.gzip_body(close_delimited).encode if compressed else streams.encode
            await AsgiSink(encode, receive, send).carry(streams.fan_out, subscription, on_closed)


class ClosedStreamResponse:
    """An ASGI application that sends a stream which the server refuses. Its only item is `closing`, which has the reason."""

    def __init__(self, streams: EventStreams, closing: Closing) -> None:
        self._streams = streams
        self._closing = closing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # the signature of ASGI
        start = self._streams.response_start(scope)
        if self._closing.reason == "overloaded":
            start["headers"].append(CLOSE)
        await send(start)
        body = b""
        if scope["method"] != "HEAD":
            plain = self._streams.encode(self._streams.fan_out.refuse(self._closing))
            body = gzip.compress(plain, mtime=0) if self._streams.are_compressed(scope) else plain
        await send({"type": "http.response.body", "body": body})


def open_on_connection(
    subscription: Subscription,
    take_over: Callable[[Stream], Connection],
    streams: EventStreams,
    on_closed: Callable[[], object],
    *,
    compressed: bool,
) -> None:
    """Take over the connection from the server and open a subscription on it. Returns at once, while the stream continues.

    `take_over`: registers a stream, whose methods the server will call, and returns the connection. `on_closed`: called once, when the
    subscription is closed.
    """
    sink: PlainSink | GzipSink
    if compressed:
        sink = GzipSink(subscription, streams.fan_out)
        sink.connection = take_over(sink)
        sink.body = streams.gzip_body(sink.connection.coding)
    else:
        sink = PlainSink(subscription, streams.fan_out)
        sink.connection = take_over(sink)
        sink.last_item = streams.last_item(sink.connection.coding)
    streams.fan_out.open(subscription, sink, on_closed)
