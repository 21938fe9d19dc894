"""The HTTP response that is an event stream: it sends the items of a subscription to the client.

There are two ways to send. The server in `app/server` hands the connection over to the response (`connection_sinks.py`). On any other
ASGI server each item is sent as an ASGI message (`asgi_sink.py`).

A client that accepts gzip is sent the same bytes, compressed (`app/transports/compression`): one gzip file that ends with the stream.
"""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable
from typing import Final

from starlette.types import Receive, Scope, Send

from app.events.delivery.encoded import EncodedPages, LastItem
from app.events.delivery.fan_out import FanOut
from app.events.delivery.stream_item import Closing, StreamItem, StreamStart
from app.events.delivery.subscription import Subscription
from app.server.take_over import TAKE_OVER, Connection, Stream, TransferCoding, close_delimited
from app.transports.compression.gzip_body import GzipBody, SharedParts
from app.transports.http.negotiation import prefers_gzip
from app.transports.http.parameters import header_values
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


class EventStreams:
    """The objects that all event streams of one server share. An item that is sent to many clients is encoded only once.

    `fan_out`: sends new events to all open subscriptions. `retry_ms`: the shortest and the longest reconnection time, in milliseconds.
    `compress`: whether streams are compressed for clients that accept gzip.
    """

    def __init__(self, fan_out: FanOut, retry_ms: tuple[int, int], *, compress: bool = True) -> None:
        self.fan_out = fan_out
        self.compress = compress
        shortest, longest = retry_ms
        self._shortest_retry_ms = shortest
        self._retry_spread_ms = longest - shortest + 1
        self._pages = EncodedPages(sse.encode)
        self._last_items: dict[TransferCoding, LastItem[bytes]] = {}
        self._shared_parts: dict[TransferCoding, SharedParts] = {}

    def encode(self, item: StreamItem) -> bytes:
        """Encode an item as bytes of an event stream.

        The first item contains the reconnection time (`retry`). It is random, so that clients that were disconnected together do not
        reconnect together.
        """
        if isinstance(item, StreamStart):
            # A third of the time that random.randint takes, and as good for this.
            retry_ms = self._shortest_retry_ms + int(random.random() * self._retry_spread_ms)
            return sse.encode_opening(item, retry_ms)
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

    `subscription`: the subscription; or, if the server refused the subscription, the closing item: the event `stream.closing`, which
    reports why a stream ends. The closing item is then the whole stream.

    Everything that can fail is done before this response is created, because the status 200 cannot be changed afterwards.
    """

    def __init__(self, streams: EventStreams, subscription: Subscription | Closing) -> None:
        self._streams = streams
        self._subscription = subscription

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        streams, fan_out, subscription = self._streams, self._streams.fan_out, self._subscription
        compressed = streams.compress and prefers_gzip(",".join(header_values(scope, b"accept-encoding")))
        await send({"type": "http.response.start", "status": 200, "headers": self._headers(compressed=compressed)})
        take_over = scope.get("extensions", {}).get(TAKE_OVER)
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body"})
        elif isinstance(subscription, Closing):
            body = streams.encode(fan_out.refuse(subscription))
            await send({"type": "http.response.body", "body": gzip.compress(body, mtime=0) if compressed else body})
        elif take_over is not None:
            open_on_connection(subscription, take_over["connection"], streams, compressed=compressed)
        else:
            encode = streams.gzip_body(close_delimited).encode if compressed else streams.encode
            await AsgiSink(encode, receive, send).carry(fan_out, subscription)

    def _headers(self, *, compressed: bool) -> list[tuple[bytes, bytes]]:
        headers = [*STREAM_HEADERS]
        if self._streams.compress:
            headers.append(VARY)
        if compressed:
            headers.append(GZIP)
        return headers


def open_on_connection(
    subscription: Subscription, take_over: Callable[[Stream], Connection], streams: EventStreams, *, compressed: bool
) -> None:
    """Take over the connection from the server and open a subscription on it. Returns at once, while the stream continues.

    `take_over`: registers a stream, whose methods the server will call, and returns the connection.
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
    streams.fan_out.open(subscription, sink)
