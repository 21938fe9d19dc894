"""One reader's way through the log: a position, a filter, and what it is sent next, whatever the transport.

A subscription knows the next step; when it is asked for one, and where the step goes, is the business of `FanOut`. While its
sink takes nothing it costs its position and nothing else.
"""

from __future__ import annotations

import sys
from typing import Protocol

from app.events.delivery.stream_item import HEARTBEAT, Checkpoint, Closing, Heartbeat, NextItem, StreamItem
from app.events.errors import StoreUnavailable
from app.events.filter import Filter
from app.events.log.event_log import EventLog
from app.events.log.event_store import BelowFloor, Page
from app.events.log.start import Start
from app.events.position import Gap

PAGE_EVENTS = 256  # one read, one write: enough to amortise both, little enough to keep a replay's memory flat


class Sink(Protocol):
    """Where the steps of one subscription go; a transport makes it."""

    def send(self, step: StreamItem) -> bool:
        """Take a step; return False where it must be the last until `FanOut.resume` is called. Never waits, never raises."""


class Nowhere:
    """The sink of a subscription that has none yet, or whose reader has left."""

    def send(self, step: StreamItem) -> bool:  # noqa: ARG002  # it takes what every sink takes
        return True


NOWHERE = Nowhere()


class Subscription:
    """One reader of the log.

    `follow` False ends it at the head as it was when the subscription was made; `limit` ends it after so many events.
    """

    __slots__ = (
        "_log",
        "_remaining",
        "_through",
        "after",
        "filter",
        "heartbeat_due",
        "is_moving",
        "is_ready",
        "is_standing",
        "opening",
        "shares_from",
        "sink",
        "stepped_at",
        "told",
    )  # fmt: skip

    def __init__(self, log: EventLog, start: Start, filter: Filter, *, follow: bool, limit: int | None) -> None:
        self._log = log
        self._through = None if follow else log.head
        self._remaining = limit
        self.filter = filter
        self.opening: Checkpoint | Gap = start.gap or Checkpoint(log.position(start.after))
        self.after = start.after
        self.told = start.after  # the offset of the last id that the reader was sent
        self.sink: Sink = NOWHERE
        self.is_ready = True  # its sink takes more
        self.is_moving = False  # it has its next step coming: a turn, or a page from the store
        self.is_standing = False  # at the head, where it hears of what comes
        self.shares_from = 0  # standing, it may be sent pages that begin here or later as others are
        self.stepped_at = 0.0
        self.heartbeat_due = False

    @property
    def is_finite(self) -> bool:
        """Whether it ends without events that are yet to come: `follow` False."""
        return self._through is not None

    @property
    def at_end(self) -> bool:
        """Tell whether there is nothing left to read and nothing to wait for."""
        return self._through is not None and self.after >= self._through

    @property
    def may_stand(self) -> bool:
        """Tell whether everything there is has been read, and what comes is to be waited for."""
        return self._through is None and self.after >= self._log.head

    @property
    def lag_events(self) -> int:
        """How many offsets the reader is behind the head."""
        return 0 if self.is_standing else self._log.head - self.after

    @property
    def is_within_tail(self) -> bool:
        """Tell whether `next_step` finds what follows in memory; else `read_step` must ask the store."""
        return self._log.has_in_memory(self.after)

    def stand(self) -> None:
        """Note that the reader has arrived at the head. One with a limit shares no page: it may hold too much."""
        self.is_standing = True
        self.shares_from = sys.maxsize if self._remaining is not None else self.after + 1

    def fall_behind(self, after: int) -> None:
        """Note that the reader, which stood at the head, has been sent everything it wants through `after` only."""
        self.is_standing = False
        self.after = max(self.after, after)

    def next_step(self) -> NextItem | None:
        """Return the step that can be sent now; None where the head is reached, the store must be asked, or a search goes on.

        Not to be asked while the reader stands, unless the log drains.
        """
        ending = self._ending()
        if ending is not None:
            return ending
        if self.after < self._log.head and self.is_within_tail:
            try:
                page = self._take(
                    self._log.read_in_memory(self.after, self._limit_offset, self.filter, self._page_limit)
                )
            except BelowFloor as expired:
                return self._gap(expired)
            if page is not None:
                return page
        return self._sign_of_life() if self.heartbeat_due else None

    async def read_step(self) -> NextItem | None:
        """Read the next step from the store; None where a search goes on."""
        try:
            page = await self._log.read(self.after, self._limit_offset, self.filter, self._page_limit)
        except BelowFloor as expired:
            return self._gap(expired)
        except StoreUnavailable:
            return Closing("unavailable")
        return self._take(page)

    def sign_of_life(self) -> Checkpoint | Heartbeat:
        """Say where a reader is that stands at the head and was silent for long."""
        self.after = max(self.after, self._log.head)
        return self._sign_of_life()

    @property
    def _limit_offset(self) -> int:
        return self._log.head if self._through is None else self._through

    @property
    def _page_limit(self) -> int:
        return PAGE_EVENTS if self._remaining is None else min(PAGE_EVENTS, self._remaining)

    def _ending(self) -> Checkpoint | Closing | None:
        if self._remaining == 0:
            return Closing("limit")  # not drain: a client that is told to come back would ask for as many again
        if self._log.draining:
            return Closing("drain")
        if self.at_end:
            return Closing("end") if self.told >= self.after else self._checkpoint()
        return None

    def _take(self, page: Page) -> Page | None:
        self.after = page.through
        if not page.events:
            return None
        self.told = page.events[-1].offset
        if self._remaining is not None:
            self._remaining -= len(page.events)
        return page

    def _gap(self, expired: BelowFloor) -> Gap:
        requested = self._log.position(self.after)
        self.after = self.told = expired.floor.offset
        return Gap("expired", str(requested), self._log.position(self.after))

    def _sign_of_life(self) -> Checkpoint | Heartbeat:
        return HEARTBEAT if self.told >= self.after else self._checkpoint()

    def _checkpoint(self) -> Checkpoint:
        self.told = self.after
        return Checkpoint(self._log.position(self.after))
