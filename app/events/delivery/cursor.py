"""A reader's place in the log, and the next item to send to that reader."""

from __future__ import annotations

from app.events.delivery.stream_item import HEARTBEAT, Checkpoint, Closing, Heartbeat, NextItem
from app.events.errors import StoreUnavailable
from app.events.filter import Filter
from app.events.log.event_log import EventLog
from app.events.log.event_store import BelowFloor, Page
from app.events.position import Gap

PAGE_EVENTS = 256  # one read, one write: enough to amortise both, little enough to keep a replay's memory flat


class Cursor:
    """The place of one reader in the log: how far it has read, the last id that it was sent, and its end if it has one.

    `after`: the offset after which it reads. `follow`: if False, it ends at the head as it is now. `limit`: it ends after
    so many events; None means that it has no limit.
    """

    __slots__ = ("_after", "_filter", "_last_sent_offset", "_log", "_remaining", "_through")

    def __init__(self, log: EventLog, after: int, filter: Filter, *, follow: bool, limit: int | None) -> None:
        self._log = log
        self._after = after
        self._filter = filter
        self._last_sent_offset = after
        self._through = None if follow else log.head
        self._remaining = limit

    @property
    def after(self) -> int:
        """The offset through which the log has been read."""
        return self._after

    @property
    def last_sent_offset(self) -> int:
        """The offset of the last id that the reader was sent; at most `after`."""
        return self._last_sent_offset

    @property
    def has_limit(self) -> bool:
        return self._remaining is not None

    @property
    def is_finite(self) -> bool:
        """Whether the reader stops at a fixed offset: the head at the time of its request (`follow` is False)."""
        return self._through is not None

    @property
    def at_end(self) -> bool:
        """Whether the end has been reached: nothing is left to read, and no later event is waited for."""
        return self._through is not None and self._after >= self._through

    @property
    def is_caught_up(self) -> bool:
        """Whether everything stored has been read, and the next event has to be waited for."""
        return self._through is None and self._after >= self._log.head

    @property
    def is_in_memory(self) -> bool:
        """Whether `next_item` can find the events that follow; if not, `read_item` must read them from the store."""
        return self._log.has_in_memory(self._after)

    @property
    def lag_events(self) -> int:
        """The number of offsets between this place and the head."""
        return self._log.head - self._after

    def next_item(self) -> NextItem | None:
        """Return the item that can be sent now; None if everything in memory has been read."""
        ending = self._ending()
        if ending is not None:
            return ending
        if self._after >= self._log.head or not self._log.has_in_memory(self._after):
            return None
        try:
            return self._take(self._log.read_in_memory(self._after, self._last, self._filter, self._page_limit))
        except BelowFloor as expired:
            return self._gap(expired)

    async def read_item(self) -> NextItem | None:
        """Read the next item from the store; None if the store stopped examining before it found one."""
        try:
            return self._take(await self._log.read(self._after, self._last, self._filter, self._page_limit))
        except BelowFloor as expired:
            return self._gap(expired)
        except StoreUnavailable:
            return Closing("unavailable")

    def sign_of_life(self) -> Checkpoint | Heartbeat:
        """Return the item that ends a silence: a checkpoint if the filter skipped events since the last id that was sent, else a heartbeat."""
        return HEARTBEAT if self._last_sent_offset >= self._after else self._checkpoint()

    def skip_to(self, after: int) -> None:
        """Move the place to an offset, because every event up to it has been sent or does not match; never moves back."""
        self._after = max(self._after, after)

    def skip_to_head(self) -> None:
        """Move the place to the head, because no event up to there matches; never moves back."""
        self.skip_to(self._log.head)

    def sent(self, last_sent_offset: int) -> None:
        """Note the offset of an id that the reader was sent through its group; never goes back."""
        self._last_sent_offset = max(self._last_sent_offset, last_sent_offset)

    @property
    def _last(self) -> int:
        """The largest offset that may be sent to this reader now."""
        return self._log.head if self._through is None else self._through

    @property
    def _page_limit(self) -> int:
        return PAGE_EVENTS if self._remaining is None else min(PAGE_EVENTS, self._remaining)

    def _ending(self) -> Checkpoint | Closing | None:
        if self._remaining == 0:
            return Closing("limit")  # not drain: a client that is asked to come back would ask for as many again
        if self._log.is_draining:
            return Closing("drain")
        if self.at_end:
            return Closing("end") if self._last_sent_offset >= self._after else self._checkpoint()
        return None

    def _take(self, page: Page) -> Page | None:
        self._after = page.through
        if not page.events:
            return None
        self._last_sent_offset = page.events[-1].offset
        if self._remaining is not None:
            self._remaining -= len(page.events)
        return page

    def _gap(self, expired: BelowFloor) -> Gap:
        requested = self._log.position(self._after)
        self._after = self._last_sent_offset = expired.floor.offset
        return Gap("expired", str(requested), self._log.position(self._after))

    def _checkpoint(self) -> Checkpoint:
        self._last_sent_offset = self._after
        return Checkpoint(self._log.position(self._after))
