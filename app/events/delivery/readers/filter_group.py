"""A group of live readers (readers that have been sent the whole log so far) with the same filter. All of them are sent the
same pages.

A group collects new events. A round sends a part of these events, as one page, to each subscription of the group. The page is
the same object for all subscriptions, so it is encoded once. A subscription that cannot be sent the page leaves the group, and
reads the log alone from its own position. The reasons are: its sink is full, it has a limit, or it joined after the first
event of the page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TypeAlias

from app.events.delivery.subscription import Subscription
from app.events.delivery.subscription_state import State
from app.events.event import StoredEvent
from app.events.filter import Filter
from app.events.log.event_store import Page

ROUND_EVENTS = 512  # bounds the size of one write
WAITING_EVENTS = 10_000  # a group that far behind reads the log instead, whose pages are shared too


AsSent: TypeAlias = Callable[[Page, Filter], Page]


class FilterGroup:
    """The live subscriptions (which have been sent the whole log so far) that have the same filter. The group is a listener of
    the log.

    A round sends collected events, as one page, to each subscription. `as_sent`: returns a page as readers with a filter are sent it,
    see `EventLog`. `on_due`: called when the group has events to send and had none before. `on_lag`: called with each subscription that
    has left the group and must read the log alone.
    """

    __slots__ = (
        "_as_sent",
        "_on_due",
        "_on_lag",
        "_round",
        "_waiting",
        "filter",
        "last_sent_at",
        "last_sent_offset",
        "subscriptions",
    )

    def __init__(
        self,
        filter: Filter,
        as_sent: AsSent,
        on_due: Callable[[FilterGroup], None],
        on_lag: Callable[[Subscription], None],
    ) -> None:
        self.filter = filter
        self._as_sent = as_sent
        self._on_due = on_due
        self._on_lag = on_lag
        self._waiting: list[StoredEvent] = []
        self._round: tuple[Page, Iterator[Subscription]] | None = None
        self.subscriptions: dict[Subscription, None] = {}
        self.last_sent_offset = 0  # of the last event of a round that has reached every subscription
        self.last_sent_at = 0.0

    @property
    def is_due(self) -> bool:
        """Whether there are events that have not been sent to every subscription of the group."""
        return self._round is not None or bool(self._waiting)

    @property
    def oldest_waiting_at_us(self) -> int:
        """When the oldest event was stored that has not been sent to every subscription of the group, which must be due."""
        events = self._waiting if self._round is None else self._round[0].events
        return events[0].stored_at_us

    def on_events(self, _examined: int, events: Sequence[StoredEvent]) -> None:
        """Collect the events of one commit that match the filter of this group, to send them later."""
        if not self.is_due:
            self._on_due(self)
        self._waiting += events

    def send_round(self, limit: int, now: float) -> tuple[int, int]:
        """Send one page of events to up to `limit` subscriptions of the group. The next call continues with the other
        subscriptions.

        Returns two numbers: how many subscriptions were handled, and how many events were sent, counted once for each
        subscription.
        """
        if self._round is None:
            self._begin_round()
        if self._round is None:
            return 0, 0
        page, remaining = self._round
        reached = list(islice(remaining, limit))
        self.last_sent_at = now
        not_sent, blocked = Subscription.share(page, reached)
        for subscription in not_sent:
            self._leave_behind(subscription, page.events[0].offset - 1)
        for subscription in blocked:
            self.leave(subscription)
        if len(reached) < limit:
            self.last_sent_offset = page.through
            self._round = None
        return len(reached), (len(reached) - len(not_sent)) * len(page.events)

    def sync(self, subscription: Subscription) -> None:
        """Copy two values from the group into a subscription: the offset of the last event that was sent to the whole group,
        and the time of sending.

        The group records these values once, because a copy in each of thousands of subscriptions would cost too much.
        """
        subscription.note_sent(self.last_sent_offset, self.last_sent_at)

    def leave(self, subscription: Subscription) -> None:
        """Remove a subscription from the group."""
        self.subscriptions.pop(subscription, None)
        self.sync(subscription)

    def _begin_round(self) -> None:
        if len(self._waiting) > WAITING_EVENTS:
            self._leave_all_behind()
            return
        events = self._waiting[:ROUND_EVENTS]
        del self._waiting[:ROUND_EVENTS]
        if events:
            page = self._as_sent(Page(events, events[-1].offset), self.filter)
            self._round = page, iter(tuple(self.subscriptions))

    def _leave_behind(self, subscription: Subscription, after: int) -> None:
        if subscription.state is State.LIVE and subscription in self.subscriptions:
            self.leave(subscription)
            subscription.fall_behind(after)
            self._on_lag(subscription)

    def _leave_all_behind(self) -> None:
        first = self._waiting[0].offset
        self._waiting.clear()
        for subscription in tuple(self.subscriptions):
            self._leave_behind(subscription, first - 1)


MakeGroup: TypeAlias = Callable[
    [Filter, AsSent, Callable[[FilterGroup], None], Callable[[Subscription], None]], FilterGroup
]
"""A function that makes a group, with the parameters of `FilterGroup`."""
