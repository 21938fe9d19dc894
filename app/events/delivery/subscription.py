"""A subscription: one reader of the log as a state machine. Only the code in this file changes a subscription.

The states, and the allowed transitions between them, are in `subscription_state.py`. A state says from where the next item
comes. A full sink is a state of its own (BLOCKED) and not an additional flag, because a subscription with a full sink waits
for nothing but its sink. A heartbeat can fill the sink during a read of the store; that is the state READING_BLOCKED.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Protocol

from app.events.delivery.cursor import Cursor
from app.events.delivery.sink import NOWHERE, Sink
from app.events.delivery.stream_item import Checkpoint, Closing, Heartbeat, NextItem, StreamItem, StreamStart
from app.events.delivery.subscription_state import TRANSITIONS, ImpossibleTransition, State
from app.events.filter import Filter
from app.events.log.event_log import EventLog
from app.events.log.event_store import Page
from app.events.log.start import Start
from app.specification.deprecated_majors import DeprecatedMajor

_SHARES_NOTHING = sys.maxsize


class Lease(Protocol):
    """The leave of a reader to read, such as an access token."""

    @property
    def expires_at(self) -> float | None:
        """When it ends, in seconds since 1970-01-01 UTC; None means never."""


class Subscription:
    """One reader of the log: its filter, its position in the log, its sink (the destination of its items), and its state.

    `start`: the position at which to start, and the gap before this position, if events are missing. `follow`: if False, the
    subscription ends at the event that is the newest event now. `limit`: the subscription ends after this number of events;
    None means no limit. `lease`: the subscription ends when its lease does; None means that it needs none. `deprecations`: what is
    deprecated of what the reader reads; the subscription ends when the first of them does.
    """

    __slots__ = (
        "_cursor",
        "_gap",
        "_generation",
        "_joined_at_offset",
        "_last_sent_at",
        "_sink",
        "_state",
        "deprecations",
        "lease",
    )

    def __init__(
        self,
        log: EventLog,
        start: Start,
        filter: Filter,
        *,
        follow: bool,
        limit: int | None,
        lease: Lease | None = None,
        deprecations: tuple[DeprecatedMajor, ...] = (),
    ) -> None:
        self.lease = lease
        self.deprecations = deprecations
        self._cursor = Cursor(log, start.after, filter, follow=follow, limit=limit)
        self._gap = start.gap  # until it is sent
        self._generation = start.generation
        self._sink: Sink = NOWHERE
        self._state = State.NEW
        self._last_sent_at = 0.0
        self._joined_at_offset = _SHARES_NOTHING  # while LIVE: a page that begins before it is not for this reader

    @property
    def state(self) -> State:
        return self._state

    @property
    def filter(self) -> Filter:
        return self._cursor.filter

    @property
    def is_finite(self) -> bool:
        """Whether the stream ends at a fixed offset, that of the newest event at the time of the request (`follow` is False)."""
        return self._cursor.is_finite

    @property
    def is_empty(self) -> bool:
        """Whether the stream would end at once: it is finite, it starts at its end, and there is no gap to report.

        Always False for a restricted reader, because it must not learn that the log has no further events.
        """
        return self._cursor.at_end and self._gap is None and not self.filter.restricted

    @property
    def is_caught_up(self) -> bool:
        """Whether the reader has read all stored events, and its stream continues with the next event that is stored."""
        return self._cursor.is_caught_up

    @property
    def is_in_memory(self) -> bool:
        """Whether the next events for this reader are in memory; if not, the store must be read."""
        return self._cursor.is_in_memory

    @property
    def after(self) -> int:
        """The offset up to which this reader has read the log alone.

        While the state is LIVE, the subscription's group may have sent events beyond this offset.
        """
        return self._cursor.after

    @property
    def lag_events(self) -> int:
        """How many offsets the reader is behind the newest event of the log; 0 if the state is LIVE."""
        return 0 if self._state is State.LIVE else self._cursor.lag_events

    @property
    def last_sent_at(self) -> float:
        """When this subscription was last sent an item, in seconds of the event loop's clock.

        Events that a live subscription's group sends count only after `note_sent` was called.
        """
        return self._last_sent_at

    # What is sent

    def open(self, sink: Sink) -> StreamStart:
        """Open the subscription with the sink (the destination) for its items; from now on items can be sent.

        Returns the first item to send. It contains the position at which the stream starts, or a gap if events before this
        position are missing; and what is deprecated.
        """
        self._enter(State.SCHEDULED)
        self._sink = sink
        gap, self._gap = self._gap, None
        first = self._cursor.restart(self._generation) or gap or self._cursor.checkpoint()
        return StreamStart(first, self.deprecations)

    def next_item(self) -> NextItem | None:
        """Return the item to send now, without reading the store; None if all events that are in memory have been read."""
        return self._cursor.next_item()

    async def read_item(self) -> NextItem | None:
        """Read the store, and return the next item; None if the part of the log that was searched has no matching event.

        If the sink became full during the read, return None too: the position stays the same, so that this part of the log is
        read again later, and no page is kept in memory for a reader that is slow.
        """
        found = await self._cursor.read()
        return self._cursor.take(found) if self._state is State.READING else None

    def sign_of_life(self) -> Checkpoint | Heartbeat:
        """Return the checkpoint or heartbeat to send after a time in which nothing was sent.

        A live subscription has been sent every matching event of the log, so its position first moves to the newest event of
        the log.
        """
        if self._state is State.LIVE:
            self._cursor.skip_to_head()
        return self._cursor.sign_of_life()

    def send(self, item: StreamItem, now: float) -> bool:
        """Send an item to the sink. Returns False if no further item can be sent for now.

        If the sink is full after this item, the state becomes BLOCKED (during a read of the store: READING_BLOCKED); if the
        item is a `Closing`, the state becomes CLOSED.
        """
        self._last_sent_at = now
        takes_more = self._sink.send(item)
        if isinstance(item, Closing):
            self.close()
            return False
        if not takes_more:
            self._enter(State.READING_BLOCKED if self._is_reading else State.BLOCKED)
        return takes_more

    @staticmethod
    def share(page: Page, subscriptions: Iterable[Subscription]) -> tuple[list[Subscription], list[Subscription]]:
        """Send one page of events to many live subscriptions. The loop in this method is the only code that runs once for each
        event and reader.

        Returns two lists. The first list has the subscriptions that were not sent the page, because they joined after the
        first event of the page, have a limit, or are no longer live. The second list has the subscriptions that were sent the
        page and whose sink is full now (state BLOCKED). A subscription in neither list was sent the page and can take more. For
        speed this is not recorded here: the caller must call `note_sent` for it later.
        """
        first_offset = page.events[0].offset
        not_sent, blocked = [], []
        for subscription in subscriptions:
            if subscription._joined_at_offset > first_offset:  # noqa: SLF001  # a method call each would cost as much again
                not_sent.append(subscription)
            elif not subscription._sink.send(page):  # noqa: SLF001  # as above
                blocked.append(subscription)
        for subscription in blocked:
            subscription._block_after(page.through)  # noqa: SLF001  # a method of this class
        return not_sent, blocked

    def note_sent(self, last_sent_offset: int, last_sent_at: float) -> None:
        """Record what a live subscription was sent by its group: the offset of the last event, and the time (in seconds of the
        event loop's clock).
        """
        self._cursor.sent(last_sent_offset)
        self._last_sent_at = max(self._last_sent_at, last_sent_at)

    def share_filter(self, filter: Filter) -> None:
        """Replace the filter by an equal one, so that a filter that many subscriptions have is in memory only once."""
        self._cursor.filter = filter

    # The transitions

    def schedule(self) -> None:
        """Enter the state SCHEDULED: the next item will be looked for in memory."""
        self._enter(State.SCHEDULED)

    def queue(self) -> None:
        """Enter the state QUEUED: the subscription waits for its turn to read the store."""
        self._enter(State.QUEUED)

    def begin_read(self) -> None:
        """Enter the state READING: the store is being read for this subscription."""
        self._enter(State.READING)

    def end_read(self) -> None:
        """Leave the state READING or READING_BLOCKED, because the store has been read."""
        self._enter(State.BLOCKED if self._state is State.READING_BLOCKED else State.SCHEDULED)

    def block(self) -> None:
        """Enter the state BLOCKED: nothing is sent until the sink accepts items again."""
        self._enter(State.BLOCKED)

    def unblock(self) -> None:
        """Leave the state BLOCKED or READING_BLOCKED, because the sink accepts items again."""
        self._enter(State.READING if self._state is State.READING_BLOCKED else State.SCHEDULED)

    def go_live(self) -> None:
        """Enter the state LIVE: the reader has read the whole log, and is sent new events together with the group of its
        filter.

        A subscription with a limit on its number of events is not sent the pages of the group, because a page may have too
        many events.
        """
        self._enter(State.LIVE)
        self._joined_at_offset = _SHARES_NOTHING if self._cursor.has_limit else self._cursor.after + 1

    def fall_behind(self, after: int) -> None:
        """Leave the state LIVE, and read the log alone from the offset `after`.

        The reader must have been sent every matching event up to `after`.
        """
        self._enter(State.SCHEDULED)
        self._cursor.skip_to(after)

    def close(self) -> None:
        """Enter the state CLOSED, because the stream has ended or the client has disconnected. Nothing is sent after this."""
        self._enter(State.CLOSED)
        self._sink = NOWHERE

    @property
    def _is_reading(self) -> bool:
        return self._state is State.READING or self._state is State.READING_BLOCKED

    def _block_after(self, sent_through: int) -> None:
        self._cursor.skip_to(sent_through)
        self._cursor.sent(sent_through)
        self._enter(State.BLOCKED)

    def _enter(self, state: State) -> None:
        if state not in TRANSITIONS[self._state]:
            raise ImpossibleTransition(self._state, state)
        self._state = state
        self._joined_at_offset = _SHARES_NOTHING
