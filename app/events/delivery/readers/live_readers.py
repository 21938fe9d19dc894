"""The live readers: readers that have been sent the whole log so far, in groups with the same filter. The groups send events
in turn.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator

from app.events.delivery.readers.filter_group import FilterGroup, MakeGroup
from app.events.delivery.subscription import Subscription
from app.events.filter import Filter
from app.events.histogram import Histogram
from app.events.log.event_log import EventLog


class LiveReaders:
    """The live subscriptions of one log (subscriptions that have been sent the whole log so far), grouped by filter.

    A group exists, and listens to the log, as long as it has a subscription. `on_due`: called when a group has events to send.
    `on_lag`: called with each subscription that has left its group and must read the log alone. `make_group`: makes a group.
    `delivery_ages`: the age in seconds of the oldest event of each call of `send_rounds`.
    """

    def __init__(
        self,
        log: EventLog,
        on_due: Callable[[], None],
        on_lag: Callable[[Subscription], None],
        make_group: MakeGroup = FilterGroup,
    ) -> None:
        self._log = log
        self._on_due = on_due
        self._on_lag = on_lag
        self._make_group = make_group
        self._groups: dict[Filter, FilterGroup] = {}
        self._due: deque[FilterGroup] = deque()
        self.delivery_ages = Histogram()

    def __len__(self) -> int:
        return len(self._groups)

    @property
    def is_due(self) -> bool:
        """Whether a group has events to send."""
        return bool(self._due)

    def join(self, subscription: Subscription) -> None:
        """Add a subscription that has read the whole log so far to the group of its filter. The subscription becomes live."""
        group = self._groups.get(subscription.filter)
        if group is None:
            group = self._groups[subscription.filter] = self._make_group(
                subscription.filter, self._log.as_sent, self._on_group_due, self._on_lag
            )
            self._log.join(group.filter, group)
        subscription.share_filter(group.filter)
        subscription.go_live()
        group.subscriptions[subscription] = None

    def leave(self, subscription: Subscription) -> None:
        """Remove a subscription from its group. The subscription is live, or was live until just before this call."""
        group = self._groups[subscription.filter]
        group.leave(subscription)
        if not group.subscriptions:
            self._dissolve(group)

    def send_rounds(self, limit: int, now: float) -> int:
        """Send the collected events of the groups, one group after the other, to up to `limit` subscriptions.

        Returns how many events were sent, counted once for each subscription.
        """
        if not self._due:
            return 0
        oldest_at_us = self._due[0].oldest_waiting_at_us
        delivered = 0
        while self._due and limit > 0:
            reached, sent = self._send_round(self._due[0], limit, now)
            limit -= max(reached, 1)
            delivered += sent
        # Once for all of them: at each reader it would cost as much as the send.
        self.delivery_ages.observe(max(0.0, time.time() - oldest_at_us / 1e6))
        return delivered

    def silent_since(self, moment: float) -> Iterator[Subscription]:
        """Yield the subscriptions that were sent nothing since a moment, in seconds of the event loop's clock.

        A group that sent events since then is passed over as a whole, so a busy stream costs nothing here.
        """
        for group in self._groups.values():
            if group.last_sent_at <= moment:
                yield from (each for each in group.subscriptions if each.last_sent_at <= moment)

    def sync(self, subscription: Subscription) -> bool:
        """Copy into a live subscription which events its group has sent it, and when.

        Returns False, and copies nothing, if the group still has events to send.
        """
        group = self._groups[subscription.filter]
        if group.is_due:
            return False
        group.sync(subscription)
        return True

    def _on_group_due(self, group: FilterGroup) -> None:
        self._due.append(group)
        self._on_due()

    def _send_round(self, group: FilterGroup, limit: int, now: float) -> tuple[int, int]:
        reached, sent = group.send_round(limit, now)
        if not group.subscriptions:
            self._dissolve(group)
        if reached < limit:
            self._due.popleft()
            if group.is_due:
                self._due.append(group)
        return reached, sent

    def _dissolve(self, group: FilterGroup) -> None:
        if self._groups.get(group.filter) is group:  # it may have been dissolved while its round was due
            del self._groups[group.filter]
            self._log.leave(group.filter, group)
