"""Those who stand at the head of the log: in groups that want the same, each of which has its rounds in turn."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from app.events.delivery.filter_group import FilterGroup
from app.events.delivery.subscription import Subscription
from app.events.filter import Filter
from app.events.log.filter_index import FilterIndex


class LiveReaders:
    """The groups of one log. A group is there while it has a follower."""

    def __init__(
        self, audience: FilterIndex, call_turn: Callable[[], None], left_behind: Callable[[Subscription], None]
    ) -> None:
        """Take what is told when rounds are due, and what is told of each subscription that stands no longer."""
        self._audience = audience
        self._call_turn = call_turn
        self._left_behind = left_behind
        self._groups: dict[Filter, FilterGroup] = {}
        self._due: deque[FilterGroup] = deque()

    def __len__(self) -> int:
        return len(self._groups)

    @property
    def is_due(self) -> bool:
        """Tell whether a round is to be made or gone on with."""
        return bool(self._due)

    def join(self, subscription: Subscription) -> None:
        """Let a subscription that has come to the head share what comes."""
        group = self._groups.get(subscription.filter)
        if group is None:
            group = self._groups[subscription.filter] = FilterGroup(self._call_up, self._fell_behind)
            self._audience.join(subscription.filter, group)
        subscription.stand()
        group.followers[subscription] = None

    def leave(self, subscription: Subscription) -> None:
        """Let a subscription go that stands here."""
        subscription.is_standing = False
        self._groups[subscription.filter].leave(subscription)
        self._disband_if_empty(subscription.filter)

    def go_rounds(self, most: int, now: float) -> int:
        """Send to so many, or a few more; return how many events they were sent altogether."""
        delivered = 0
        while self._due and most > 0:
            reached, taken = self._go_round(self._due[0], most, now)
            most -= max(reached, 1)
            delivered += taken
        return delivered

    def sent_at(self, subscription: Subscription) -> float:
        """When the group of a subscription that stands here was sent something, on the clock of the event loop."""
        return self._groups[subscription.filter].sent_at

    def inform(self, subscription: Subscription) -> bool:
        """Let a subscription that stands here know what it was sent; False where a round of its group is due."""
        group = self._groups[subscription.filter]
        if group.is_due:
            return False
        group.inform(subscription)
        return True

    def _call_up(self, group: FilterGroup) -> None:
        self._due.append(group)
        self._call_turn()

    def _go_round(self, group: FilterGroup, most: int, now: float) -> tuple[int, int]:
        reached, taken = group.step(most, now)
        if reached < most:
            self._due.popleft()
            if group.is_due:
                self._due.append(group)
        return reached, taken

    def _fell_behind(self, subscription: Subscription) -> None:
        self._disband_if_empty(subscription.filter)
        self._left_behind(subscription)

    def _disband_if_empty(self, filter: Filter) -> None:
        group = self._groups[filter]
        if not group.followers:
            del self._groups[filter]
            self._audience.leave(filter, group)
