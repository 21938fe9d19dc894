"""The sinks of subscriptions on WebSocket connections: they write items to the connection, plain or compressed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.events.delivery.stream_item import HEARTBEAT, StreamItem
from app.events.delivery.subscription import Subscription
from app.events.log.event_store import Page
from app.transports.websocket.messages.shared_messages import SharedMessages

if TYPE_CHECKING:
    from app.transports.websocket.session import Session
    from app.transports.websocket.subscriptions import Subscriptions

# A larger page is one of many that a replay reads; held for each of the 32 numbers, such pages would take 100 MB and more.
HELD_BYTES: Final = 512 * 1024


class SocketSink:
    """The sink of one subscription: it writes the subscription's items to the connection.

    `messages`: what the subscriptions of this number are sent, on all connections.
    """

    __slots__ = ("_connection", "_last_item", "_subscriptions", "number", "subscription")

    def __init__(self, subscriptions: Subscriptions, session: Session, messages: SharedMessages, number: int) -> None:
        self._subscriptions = subscriptions
        self._connection = session.connection
        self._last_item = messages.last_item
        self.number = number
        self.subscription: Subscription | None = None  # until its start in the log is found

    def send(self, item: StreamItem) -> bool:
        last = self._last_item
        if item is not last.item:
            last.hold(item)
        if item is HEARTBEAT and not self._subscriptions.is_first(self):
            return True  # if the first subscription is silent too, it sends a sign of life itself
        takes_more = self._connection.write(last.frame)
        if last.is_closing:
            self._subscriptions.has_closed(self)
        elif len(last.frame) > HELD_BYTES:
            last.release()
        if not takes_more:
            self._subscriptions.note_full()
        return takes_more


class CompressedSink(SocketSink):
    """The sink of a subscription on a connection with permessage-deflate. Only pages of events are compressed: other messages are
    few and short, and most of them are for one client alone, so others could not share what follows them.
    """

    __slots__ = ("_messages", "_session")

    def __init__(self, subscriptions: Subscriptions, session: Session, messages: SharedMessages, number: int) -> None:
        super().__init__(subscriptions, session, messages, number)
        self._session = session
        self._messages = messages

    def send(self, item: StreamItem) -> bool:
        step = self._session.step
        if not isinstance(item, Page) or step is None:
            return super().send(item)
        content, self._session.step, _ = self._messages.part(item, step)
        takes_more = self._connection.write(content)
        if not takes_more:
            self._subscriptions.note_full()
        return takes_more
