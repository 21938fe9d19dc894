"""The readers that are behind: each of them reads the log alone, from memory or from the store, until it has caught up."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from itertools import chain
from typing import TypeAlias

from app.events.delivery.readers.store_reads import StoreReads
from app.events.delivery.stream_item import NextItem
from app.events.delivery.subscription import Subscription
from app.events.delivery.subscription_state import State

_CAN_BE_SENT = (State.SCHEDULED, State.QUEUED, State.READING)

Send: TypeAlias = Callable[[Subscription, NextItem], bool]
"""A function that sends an item to a subscription. Returns False if no further item can be sent for now."""


class BehindReaders:
    """The subscriptions that have not been sent the whole log yet. Each of them is scheduled (its next item is looked for in memory, in
    a later turn), or waits for a read of the store.

    `send`: sends an item. `on_due`: called when a subscription was scheduled. `on_caught_up`: called with a subscription that has read
    the whole log; it is not behind any longer.
    """

    def __init__(self, send: Send, on_due: Callable[[], None], on_caught_up: Callable[[Subscription], None]) -> None:
        self._send = send
        self._on_due = on_due
        self._on_caught_up = on_caught_up
        self._scheduled: OrderedDict[Subscription, None] = OrderedDict()
        self._store_reads = StoreReads(self._on_read)

    def __len__(self) -> int:
        return len(self._scheduled) + len(self._store_reads)

    @property
    def is_due(self) -> bool:
        """Whether a subscription is scheduled."""
        return bool(self._scheduled)

    def silent_since(self, moment: float) -> Iterator[Subscription]:
        """Yield the subscriptions that were sent nothing since a moment, in seconds of the event loop's clock, and can be sent an item.

        Thousands may be before a subscription, for a turn or for the reads of the store; and a read of a slow disk takes long.
        """
        for subscription in chain(self._scheduled, self._store_reads):
            if subscription.last_sent_at <= moment and subscription.state in _CAN_BE_SENT:
                yield subscription

    def schedule(self, subscription: Subscription) -> None:
        """Put a subscription, whose state is SCHEDULED, at the end of those that `take_steps` advances."""
        self._scheduled[subscription] = None
        self._on_due()

    def withdraw(self, subscription: Subscription, state: State) -> None:
        """Remove a subscription. `state`: the state that it has left, SCHEDULED or QUEUED."""
        if state is State.QUEUED:
            self._store_reads.withdraw(subscription)
        else:
            self._scheduled.pop(subscription, None)

    def take_steps(self, limit: int) -> None:
        """Advance up to `limit` scheduled subscriptions, each by one item."""
        for _ in range(min(limit, len(self._scheduled))):
            subscription, _ = self._scheduled.popitem(last=False)
            self.advance(subscription)

    def advance(self, subscription: Subscription) -> None:
        """Send the next item to a subscription whose state is SCHEDULED.

        If no item can be sent now, the subscription has caught up with the log, is scheduled again if more of the log is in memory, and
        otherwise waits for a read of the store.
        """
        item = subscription.next_item()
        if item is not None:
            if self._send(subscription, item):
                self.schedule(subscription)
        elif subscription.is_caught_up:
            self._on_caught_up(subscription)
        elif subscription.is_in_memory:
            self.schedule(subscription)
        else:
            self._store_reads.request(subscription)

    def _on_read(self, subscription: Subscription, item: NextItem | None) -> None:
        if subscription.state is State.CLOSED:
            return
        subscription.end_read()
        if subscription.state is State.SCHEDULED and (item is None or self._send(subscription, item)):
            self.advance(subscription)
