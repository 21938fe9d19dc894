"""The reads of the store for streams: only a few reads run at the same time, and subscriptions that need a read wait in a
queue.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator
from itertools import chain

from app.events.delivery.stream_item import Closing, NextItem
from app.events.delivery.subscription import Subscription
from app.events.delivery.subscription_state import State

STORE_READS = 4  # at once: what they find is sent before others begin, so that a crowd's pages never pile up in memory

_log = logging.getLogger(__name__)


class StoreReads:
    """A queue of subscriptions that need a read of the store. A waiting subscription has no task; if it is withdrawn, no read
    is made for it.

    `on_read`: called after each read with the subscription and the item that was read; the item is None if the read found no
    item. The subscription may have closed during the read.
    """

    def __init__(self, on_read: Callable[[Subscription, NextItem | None], None]) -> None:
        self._on_read = on_read
        self._waiting: OrderedDict[Subscription, None] = OrderedDict()
        self._reading: list[Subscription] = []
        self._tasks: set[asyncio.Task[None]] = set()  # the event loop alone would not keep them alive

    def __len__(self) -> int:
        """Return the number of subscriptions that wait for a read, or for which the store is being read."""
        return len(self._waiting) + len(self._reading)

    def __iter__(self) -> Iterator[Subscription]:
        """Iterate over these subscriptions. One for which the store is being read may have a full sink, or be closed."""
        return chain(self._waiting, self._reading)

    def request(self, subscription: Subscription) -> None:
        """Put a subscription into the queue. Its next item is read once fewer than STORE_READS reads are running."""
        subscription.queue()
        self._waiting[subscription] = None
        self._begin()

    def withdraw(self, subscription: Subscription) -> None:
        """Remove a subscription from the queue."""
        self._waiting.pop(subscription, None)

    def _begin(self) -> None:
        while self._waiting and len(self._reading) < STORE_READS:
            subscription, _ = self._waiting.popitem(last=False)
            subscription.begin_read()
            self._reading.append(subscription)
            task = asyncio.create_task(self._read(subscription))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _read(self, subscription: Subscription) -> None:
        try:
            if subscription.state is not State.CLOSED:  # else the reader left before this task began
                self._on_read(subscription, await _read_item(subscription))
        finally:
            self._reading.remove(subscription)
        self._begin()  # here, not in a callback: a loop that ends would cancel this task and never hear of the next ones


async def _read_item(subscription: Subscription) -> NextItem | None:
    try:
        return await subscription.read_item()
    except Exception:  # noqa: BLE001  # any error: otherwise the stream would be open, and never sent anything again
        _log.exception("A stream cannot go on.")
        return Closing("unavailable")
