"""The cursor of a reader: its position in the log, and the next item to send to the reader."""

from __future__ import annotations

from app.events.delivery.stream_item import HEARTBEAT, Checkpoint, Closing, Heartbeat, NextItem
from app.events.errors import StoreUnavailable
from app.events.filter import Filter
from app.events.log.event_log import EventLog
from app.events.log.event_store import BelowFloor, Page
from app.events.position import Floor, Gap
from app.specification.conversion.reading import AS_STORED

PAGE_EVENTS = 256  # one write: enough to amortise it, little enough to keep a replay's memory flat
# Of the store: a read changes threads twice, which costs as much as reading 100 events, however many events it reads.
PAGES_PER_READ = 4
_PASSED = -1  # as the end of a finite stream: its last checkpoint has been sent


class Cursor:
    """The position of one reader in the log, the last event id that the reader was sent, and the end of its stream, if there
    is an end.

    `after`: the offset after which to read. `filter`: selects the events. `follow`: if False, the stream ends at the event
    that is the newest event now. `limit`: the stream ends after this number of events; None means no limit.
    """

    __slots__ = ("_after", "_last_sent_offset", "_log", "_remaining", "_through", "filter")

    def __init__(self, log: EventLog, after: int, filter: Filter, *, follow: bool, limit: int | None) -> None:
        self._log = log
        self._after = after
        self.filter = filter
        self._last_sent_offset = after
        self._through = None if follow else log.head
        self._remaining = limit

    @property
    def after(self) -> int:
        """The offset up to which the reader has read the log."""
        return self._after

    @property
    def last_sent_offset(self) -> int:
        """The offset of the last event id that the reader was sent.

        It is less than `after` (the offset up to which the log was read) if the last events that were read do not match.
        """
        return self._last_sent_offset

    @property
    def has_limit(self) -> bool:
        return self._remaining is not None

    @property
    def is_finite(self) -> bool:
        """Whether the stream ends at a fixed offset: that of the newest event at the time of the request (`follow` is False)."""
        return self._through is not None

    @property
    def at_end(self) -> bool:
        """Whether the reader has read everything up to the fixed offset at which its stream ends; always False if the stream
        has no such offset.
        """
        return self._through is not None and self._after >= self._through

    @property
    def is_caught_up(self) -> bool:
        """Whether the reader has read all stored events, and its stream continues with the next event that is stored."""
        return self._through is None and self._after >= self._log.head

    @property
    def is_in_memory(self) -> bool:
        """Whether the next events are in memory, so that `next_item` finds them; if not, `read` must read them from the
        store.
        """
        return self._log.has_in_memory(self._after)

    @property
    def lag_events(self) -> int:
        """How many offsets the reader is behind the newest event of the log."""
        return self._log.head - self._after

    def restart(self, generation: int) -> Gap | None:
        """Move to the beginning of the log, and return the gap to send first, if the log was replaced since the reader's start was
        located at a `generation`; None if it is still the same log.
        """
        if generation == self._log.generation:
            return None
        self._after = self._last_sent_offset = self._log.floor.offset
        self._through = None if self._through is None else self._log.head
        place = self._log.id_of_place(self._after, self.filter)
        return Gap("foreign", str(place), place)

    def next_item(self) -> NextItem | None:
        """Return the item to send now, without reading the store; None if all events that are in memory have been read."""
        ending = self._ending()
        if ending is not None:
            return ending
        if self._after >= self._log.head or not self._log.has_in_memory(self._after):
            return None
        try:
            return self._take(self._log.read_in_memory(self._after, self._last, self.filter, self._limit(PAGE_EVENTS)))
        except BelowFloor as expired:
            return self._gap(expired.floor)

    async def read(self) -> Page | Floor | Closing:
        """Read the store from the position of the reader; the position stays the same until `take` is called with the result.

        The result is the floor of the log if the next events have been deleted, and a `Closing` if the store cannot be read.
        """
        try:
            # To convert a page takes longer than to change threads, and nothing else runs meanwhile. A restricted reader would notice by
            # larger pages that its events are in memory no longer, because so many of others were stored after them.
            pages = PAGES_PER_READ if self.filter.reading is AS_STORED and not self.filter.restricted else 1
            limit = self._limit(pages * PAGE_EVENTS)
            return await self._log.read(self._after, self._last, self.filter, limit)
        except BelowFloor as expired:
            return expired.floor
        except StoreUnavailable:
            return Closing("unavailable")

    def take(self, found: Page | Floor | Closing) -> NextItem | None:
        """Move past a result of `read`, and return the next item; None if the part of the log that was searched has no
        matching event.
        """
        match found:
            case Page():
                return self._take(found)
            case Floor():
                return self._gap(found)
            case Closing():
                return found

    def sign_of_life(self) -> Checkpoint | Heartbeat:
        """Return the item to send after a time in which nothing was sent.

        This item is a checkpoint (the current position) if events that do not match were skipped since the last event id that
        was sent; otherwise this item is a heartbeat. A restricted reader is always sent a checkpoint: a heartbeat would show that
        nothing was skipped.
        """
        return self.checkpoint() if self.filter.restricted or self._last_sent_offset < self._after else HEARTBEAT

    def checkpoint(self) -> Checkpoint:
        """Return the current position as an item, which is sent to the reader."""
        self._last_sent_offset = self._after
        return Checkpoint(self._log.id_of_place(self._after, self.filter))

    def skip_to(self, after: int) -> None:
        """Move the cursor forward to an offset. If the cursor is beyond the offset already, nothing happens.

        The caller must be sure that every event up to this offset has been sent, or does not match the filter.
        """
        self._after = max(self._after, after)

    def skip_to_head(self) -> None:
        """Move the cursor forward to the newest event of the log.

        The caller must be sure that every event up to the newest event has been sent, or does not match the filter.
        """
        self.skip_to(self._log.head)

    def sent(self, last_sent_offset: int) -> None:
        """Record that the reader was sent the event id with this offset. Nothing happens if the reader was sent a later event
        id before.

        Call this for events that were sent by the reader's group (a FilterGroup) and not by this cursor.
        """
        self._last_sent_offset = max(self._last_sent_offset, last_sent_offset)

    @property
    def _last(self) -> int:
        """The largest offset that may be sent to this reader now."""
        return self._log.head if self._through is None else self._through

    def _limit(self, page_events: int) -> int:
        return page_events if self._remaining is None else min(page_events, self._remaining)

    def _ending(self) -> Checkpoint | Closing | None:
        if self._remaining == 0:
            return Closing("limit")  # not drain: a client that is asked to come back would ask for as many again
        if self._log.is_draining:
            return Closing("drain")
        if self.at_end:
            return self._last_checkpoint() or Closing("end")
        return None

    def _last_checkpoint(self) -> Checkpoint | None:
        """Return the checkpoint that a finite stream needs before its end; None if there is none to send, or none left.

        A restricted reader is always sent one: otherwise it could notice whether events were skipped.
        """
        if self._last_sent_offset < self._after or (self.filter.restricted and self._through != _PASSED):
            self._through = _PASSED
            return self.checkpoint()
        return None

    def _take(self, page: Page) -> Page | None:
        self._after = page.through
        if not page.events:
            return None
        self._last_sent_offset = page.events[-1].offset
        if self._remaining is not None:
            self._remaining -= len(page.events)
        return page

    def _gap(self, floor: Floor) -> Gap:
        requested = self._log.id_of_place(self._after, self.filter)
        self._after = self._last_sent_offset = floor.offset
        return Gap("expired", str(requested), self._log.id_of_place(self._after, self.filter))
