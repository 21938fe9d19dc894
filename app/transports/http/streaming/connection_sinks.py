"""Streams on connections that were taken over from the server (`app/server/take_over.py`): items are written to the connection directly.

Only the connection, the sink and the subscription of such a stream stay in memory.
"""

from __future__ import annotations

from app.events.delivery.encoded import LastItem
from app.events.delivery.fan_out import FanOut
from app.events.delivery.stream_item import Closing, StreamItem
from app.events.delivery.subscription import Subscription
from app.server.take_over import Connection
from app.transports.compression.gzip_body import GzipBody


class ConnectionStream:
    """The link between a subscription and its connection: the stream whose methods `writable` and `lost` the server calls."""

    __slots__ = ("_fan_out", "_subscription", "connection")

    connection: Connection

    def __init__(self, subscription: Subscription, fan_out: FanOut) -> None:
        self._subscription = subscription
        self._fan_out = fan_out

    @property
    def is_finite(self) -> bool:
        return self._subscription.is_finite

    def writable(self) -> None:
        self._fan_out.resume(self._subscription)

    def lost(self) -> None:
        self._fan_out.leave(self._subscription)


class PlainSink(ConnectionStream):
    """The sink of a stream that is not compressed. `last_item`: the last item as bytes, which connections share."""

    __slots__ = ("last_item",)

    last_item: LastItem[bytes]

    def send(self, item: StreamItem) -> bool:
        last = self.last_item
        if item is not last.item:
            last.hold(item)
        if last.is_closing:
            self.connection.end(last.frame)
            return False
        return self.connection.write(last.frame)


class GzipSink(ConnectionStream):
    """The sink of a stream that is compressed. `body`: makes the parts of the stream, most of which connections share."""

    __slots__ = ("body",)

    body: GzipBody

    def send(self, item: StreamItem) -> bool:
        part = self.body.encode(item)
        if isinstance(item, Closing):
            self.connection.end(part)
            return False
        return self.connection.write(part)
