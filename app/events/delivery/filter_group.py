"""Followers that want the same and stand at the head: what one of them is sent next, all are.

A group collects what comes while it waits for its round; a round hands the very same page to each follower, so that it is
encoded once. A follower that cannot take part (its sink is full, it has a limit, it came in the middle) is left behind at its own
place, from where it reads on by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from app.events.delivery.subscription import Subscription
from app.events.event import StoredEvent
from app.events.log.event_store import Page

ROUND_EVENTS = 512  # bounds what one write may hold
WAITING_EVENTS = 10_000  # a group that far behind reads the log instead, where the same events are shared by all


class FilterGroup:
    """The followers of one filter; a listener of the log's audience."""

    __slots__ = ("_call_up", "_left_behind", "_round", "_waiting", "followers", "sent_at", "told")

    def __init__(self, call_up: Callable[[FilterGroup], None], left_behind: Callable[[Subscription], None]) -> None:
        """Take what is told when a round is due, and what is told of each follower that is left behind."""
        self._call_up = call_up
        self._left_behind = left_behind
        self._waiting: list[StoredEvent] = []
        self._round: tuple[Page, Iterator[Subscription]] | None = None
        self.followers: dict[Subscription, None] = {}
        self.told = 0  # the offset of the last event that a round has sent
        self.sent_at = 0.0

    @property
    def is_due(self) -> bool:
        """Tell whether there is something that not every follower has been sent."""
        return self._round is not None or bool(self._waiting)

    def hear(self, _examined: int, events: Sequence[StoredEvent]) -> None:
        """Take the wanted events of one commit."""
        if not self.is_due:
            self._call_up(self)
        self._waiting += events

    def step(self, most: int, now: float) -> tuple[int, int]:
        """Go on with the round, or begin one: reach so many followers at most.

        Returns how many were reached, and how many events they were sent altogether.
        """
        if self._round is None:
            self._begin()
        if self._round is None:
            return 0, 0
        page, remaining = self._round
        self.sent_at = now
        reached, taken = self._send(page, islice(remaining, most))
        if reached < most:
            self.told = page.through
            self._round = None
        return reached, taken * len(page.events)

    def inform(self, follower: Subscription) -> None:
        """Let a follower know what it was sent here; a round, which is sent to thousands, notes it once for all of them."""
        follower.told = max(follower.told, self.told)
        follower.stepped_at = max(follower.stepped_at, self.sent_at)

    def leave(self, follower: Subscription) -> None:
        """Let a follower go at the place it has reached."""
        self.followers.pop(follower, None)
        self.inform(follower)

    def _begin(self) -> None:
        if len(self._waiting) > WAITING_EVENTS:
            self._leave_all_behind()
            return
        events = self._waiting[:ROUND_EVENTS]
        del self._waiting[:ROUND_EVENTS]
        if events:
            self._round = Page(events, events[-1].offset), iter(tuple(self.followers))

    def _send(self, page: Page, followers: Iterator[Subscription]) -> tuple[int, int]:
        first, reached, taken = page.events[0].offset, 0, 0
        for follower in followers:
            reached += 1
            if follower.shares_from > first:
                self._leave_behind(follower, first - 1)
                continue
            taken += 1
            if not follower.sink.send(page):
                follower.is_ready = False
                follower.told = page.through
                self._leave_behind(follower, page.through)
        return reached, taken

    def _leave_behind(self, follower: Subscription, after: int) -> None:
        if follower in self.followers:
            self.leave(follower)
            follower.fall_behind(after)
            self._left_behind(follower)

    def _leave_all_behind(self) -> None:
        first = self._waiting[0].offset
        self._waiting.clear()
        for follower in tuple(self.followers):
            self._leave_behind(follower, first - 1)
