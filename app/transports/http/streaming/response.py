"""The HTTP response that is an event stream: it sends the items of a subscription to the client.

There are two ways to send. The server in `app/server` hands the connection over to the response (`app/server/take_over.py`): the items
are written directly to the connection, and only the connection and the subscription stay in memory. On any other ASGI server each
item is sent as an ASGI message (`asgi_sink.py`).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from starlette.types import Receive, Scope, Send

from app.events.delivery.encoded import EncodedPages, LastItem
from app.events.delivery.fan_out import FanOut
from app.events.delivery.stream_item import Closing, StreamItem, StreamStart
from app.events.delivery.subscription import Subscription
from app.server.take_over import TAKE_OVER, Connection, Stream, TransferCoding
from app.transports.http.streaming import sse
from app.transports.http.streaming.asgi_sink import AsgiSink

STREAM_HEADERS: Final = (
    (b"content-type", f"{sse.MEDIA_TYPE}; charset=utf-8".encode()),
    # No cache stores the stream, and no proxy compresses it, which would buffer events.
    (b"cache-control", b"no-store, no-transform"),
    # nginx forwards each write at once.
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
)


class EventStreams:
    """The objects that all event streams of one server share. An item that is sent to many clients is encoded only once.

    `fan_out`: sends new events to all open subscriptions. `retry_ms`: the shortest and the longest reconnection time, in milliseconds.
    """

    def __init__(self, fan_out: FanOut, retry_ms: tuple[int, int]) -> None:
        self.fan_out = fan_out
        shortest, longest = retry_ms
        self._shortest_retry_ms = shortest
        self._retry_spread_ms = longest - shortest + 1
        self._pages = EncodedPages(sse.encode)
        self._last_items: dict[TransferCoding, LastItem[bytes]] = {}

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
        await send({"type": "http.response.start", "status": 200, "headers": [*STREAM_HEADERS]})
        streams, fan_out = self._streams, self._streams.fan_out
        take_over = scope.get("extensions", {}).get(TAKE_OVER)
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body"})
        elif isinstance(self._subscription, Closing):
            await send({"type": "http.response.body", "body": streams.encode(fan_out.refuse(self._subscription))})
        elif take_over is not None:
            open_on_connection(self._subscription, take_over["connection"], fan_out, streams.last_item)
        else:
            await AsgiSink(streams.encode, receive, send).carry(fan_out, self._subscription)


def open_on_connection(
    subscription: Subscription,
    take_over: Callable[[Stream], Connection],
    fan_out: FanOut,
    last_item: Callable[[TransferCoding], LastItem[bytes]],
) -> None:
    """Take over the connection from the server and open a subscription on it. Returns at once, while the stream continues.

    `take_over`: registers a stream, whose methods the server will call, and returns the connection.
    `last_item`: returns the cache of the last encoded item, which all connections with the same transfer coding share.
    """
    sink = ConnectionSink(subscription, fan_out)
    sink.connection = take_over(sink)
    sink.last_item = last_item(sink.connection.coding)
    fan_out.open(subscription, sink)


class ConnectionSink:
    """The link between a subscription and a connection that was taken over from the server.

    It is the sink to which the subscription hands its items, and the stream whose methods `writable` and `lost` the server calls.
    """

    __slots__ = ("_fan_out", "_subscription", "connection", "last_item")

    connection: Connection
    last_item: LastItem[bytes]

    def __init__(self, subscription: Subscription, fan_out: FanOut) -> None:
        self._subscription = subscription
        self._fan_out = fan_out

    @property
    def is_finite(self) -> bool:
        return self._subscription.is_finite

    def send(self, item: StreamItem) -> bool:
        last = self.last_item
        if item is not last.item:
            last.hold(item)
        if last.is_closing:
            self.connection.end(last.frame)
            return False
        return self.connection.write(last.frame)

    def writable(self) -> None:
        self._fan_out.resume(self._subscription)

    def lost(self) -> None:
        self._fan_out.leave(self._subscription)
