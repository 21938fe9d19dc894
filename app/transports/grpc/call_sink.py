"""A stream as a call: the items of a subscription are written to one call of `Subscribe`, as fast as its client reads.

gRPC has flow control of its own (HTTP/2's windows): a write returns once the connection has taken the message. While a message is
written, the sink takes two more items, and then is full: so the events of a client that reads slowly stay in the log, and not in
memory. The task in which this happens is the one that grpcio has for each call.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from app.events.delivery.fan_out import FanOut
from app.events.delivery.stream_item import Closing, StreamItem
from app.events.delivery.subscription import Subscription
from app.transports.grpc.callers import Context
from app.transports.grpc.unread_messages import UnreadMessages

# One is too few: a sink would be full after each event, and its subscription would leave its group and join it again.
WAITING_ITEMS: Final = 2


class CallSink:
    """The sink of one call: the object to which a subscription hands its items.

    `encode`: turns an item into the messages to write, each as bytes. `context`: the call. `unread`: writes a message to it, and returns
    when the connection can take more; it lets the sink give up if its client has stopped reading.
    """

    __slots__ = ("_arrival", "_encode", "_has_given_up", "_is_full", "_items", "_leave", "_unread", "context")

    def __init__(
        self, encode: Callable[[StreamItem], Iterable[bytes]], context: Context, unread: UnreadMessages
    ) -> None:
        self._encode = encode
        self.context = context
        self._unread = unread
        self._leave: Callable[[], None] = _do_nothing
        self._has_given_up = False
        self._items: deque[StreamItem] = deque()
        self._arrival: asyncio.Future[None] | None = None  # while nothing is to be written
        self._is_full = False

    def send(self, item: StreamItem) -> bool:
        self._items.append(item)
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)
        self._is_full = len(self._items) >= WAITING_ITEMS
        return not self._is_full

    def give_up(self) -> None:
        self._has_given_up = True
        self._leave()

    async def carry(
        self, fan_out: FanOut, subscription: Subscription, on_closed: Callable[[], object]
    ) -> Closing | None:
        """Open the subscription and write its items, until its closing item has been written. Returns the closing item; None if the
        sink has given up.

        `on_closed`: called once, when the subscription is closed.

        If the call ends before, because the client cancels it or disconnects, grpcio cancels this coroutine.
        """
        self._leave = partial(fan_out.leave, subscription)
        fan_out.open(subscription, self, on_closed)
        try:
            while True:
                item = await self._next_item()
                if self._is_full:
                    self._is_full = False
                    fan_out.resume(subscription)
                for message in self._encode(item):
                    await self._unread.write(self, message)
                if self._has_given_up:
                    return None
                if isinstance(item, Closing):
                    return item
        finally:
            fan_out.leave(subscription)

    async def _next_item(self) -> StreamItem:
        if not self._items:
            self._arrival = asyncio.get_running_loop().create_future()
            await self._arrival
            self._arrival = None
        return self._items.popleft()


def _do_nothing() -> None:
    """Stand for the function that closes the subscription, until there is one."""
