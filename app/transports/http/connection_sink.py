"""A stream on a connection that our own server handed over (see `app/server/take_over.py`): items are written to it directly."""

from __future__ import annotations

from collections.abc import Callable

from app.events.delivery.encoded import LastItem
from app.events.delivery.fan_out import FanOut
from app.events.delivery.stream_item import StreamItem
from app.events.delivery.subscription import Subscription
from app.server.take_over import Connection, Stream, TransferCoding


def open_on_connection(
    subscription: Subscription,
    take_over: Callable[[Stream], Connection],
    fan_out: FanOut,
    last_item: Callable[[TransferCoding], LastItem],
) -> None:
    """Take the connection over and open a subscription on it; return at once, while the stream goes on.

    `take_over`: hands the connection over to the stream that is passed. `last_item`: returns the cache that the connections of
    one transfer coding share.
    """
    sink = ConnectionSink(subscription, fan_out)
    sink.connection = take_over(sink)
    sink.last_item = last_item(sink.connection.coding)
    fan_out.open(subscription, sink)


class ConnectionSink:
    """The sink of a subscription on a connection that was taken over, and the stream that the connection calls back."""

    __slots__ = ("_fan_out", "_subscription", "connection", "last_item")

    connection: Connection
    last_item: LastItem

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
