"""One reader of the log as a state machine. Rule: only the code in this file changes a subscription.

`subscription_state.py` has the states and the table of transitions. A state says where the
next item comes from. That the sink is full is one of the states, not a second flag: such a subscription waits for its sink alone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from app.events.delivery.cursor import Cursor
from app.events.delivery.sink import NOWHERE, Sink
from app.events.delivery.stream_item import Checkpoint, Closing, Heartbeat, NextItem, StreamItem
from app.events.delivery.subscription_state import TRANSITIONS, ImpossibleTransition, State
from app.events.filter import Filter
from app.events.log.event_log import EventLog
from app.events.log.event_store import Page
from app.events.log.start import Start
from app.events.position import Gap

_SHARES_NOTHING = sys.maxsize


class Subscription:
    """One reader of the log: its filter, its place, its sink, and its state.

    `start`: the place and the gap before it, if any. `follow`: if False, the subscription ends at the head as it is now.
    `limit`: it ends after so many events.
    """

    __slots__ = (
        "_cursor",
        "_filter",
        "_heartbeat_due",
        "_joined_at_offset",
        "_last_sent_at",
        "_opening",
        "_sink",
        "_state",
    )

    def __init__(self, log: EventLog, start: Start, filter: Filter, *, follow: bool, limit: int | None) -> None:
        self._cursor = Cursor(log, start.after, filter, follow=follow, limit=limit)
        self._filter = filter
        self._opening: Checkpoint | Gap = start.gap or Checkpoint(log.position(start.after))
        self._sink: Sink = NOWHERE
        self._state = State.NEW
        self._last_sent_at = 0.0
        self._heartbeat_due = False
        self._joined_at_offset = _SHARES_NOTHING  # while LIVE: a page that begins before it is not for this reader

    @property
    def state(self) -> State:
        return self._state

    @property
    def filter(self) -> Filter:
        return self._filter

    @property
    def opening(self) -> Checkpoint | Gap:
        """The item that the stream begins with."""
        return self._opening

    @property
    def is_finite(self) -> bool:
        """Whether the stream ends at the head instead of waiting for later events: `follow` is False."""
        return self._cursor.is_finite

    @property
    def is_empty(self) -> bool:
        """Whether the stream would end at once: it does not follow, starts at its end, and no gap has to be reported."""
        return self._cursor.at_end and not isinstance(self._opening, Gap)

    @property
    def is_caught_up(self) -> bool:
        """Whether everything stored has been read, and the next event has to be waited for."""
        return self._cursor.is_caught_up

    @property
    def is_in_memory(self) -> bool:
        """Whether the events that follow are in memory; if not, the store must be read."""
        return self._cursor.is_in_memory

    @property
    def after(self) -> int:
        """The offset through which this reader has read the log alone; while the state is LIVE, its group has been sent more."""
        return self._cursor.after

    @property
    def lag_events(self) -> int:
        """How many offsets the reader is behind the head."""
        return 0 if self._state is State.LIVE else self._cursor.lag_events

    @property
    def last_sent_at(self) -> float:
        """When it was last sent an item alone, not through its group, in seconds of the event loop's clock."""
        return self._last_sent_at

    # What is sent

    def open(self, sink: Sink) -> None:
        """Take a sink; from now on items can be sent."""
        self._enter(State.SCHEDULED)
        self._sink = sink

    def next_item(self) -> NextItem | None:
        """Return the item that can be sent from memory now; None if there is none."""
        return self._cursor.next_item()

    async def read_item(self) -> NextItem | None:
        """Read the next item from the store; None if this read found no matching event and no heartbeat is due."""
        item = await self._cursor.read_item()
        return self._cursor.sign_of_life() if item is None and self._heartbeat_due else item

    def sign_of_life(self) -> Checkpoint | Heartbeat:
        """Return the checkpoint or heartbeat to send after a silence.

        A live subscription has been sent every matching event up to the head, so its place moves there.
        """
        if self._state is State.LIVE:
            self._cursor.skip_to_head()
        return self._cursor.sign_of_life()

    def send(self, item: StreamItem, now: float) -> bool:
        """Send an item. A sink that is full afterwards blocks the subscription, and a `Closing` closes it: returns False then."""
        self._last_sent_at = now
        self._heartbeat_due = False
        takes_more = self._sink.send(item)
        if isinstance(item, Closing):
            self.close()
            return False
        if not takes_more:
            self._enter(State.BLOCKED)
        return takes_more

    @staticmethod
    def share(page: Page, subscriptions: Iterable[Subscription]) -> tuple[list[Subscription], list[Subscription]]:
        """Send one page to many live subscriptions. Its loop is the only code that runs once per event and reader.

        Returns two lists: subscriptions that were not sent the page (it begins before they joined, or they have a limit, or they
        are no longer live), and subscriptions that were sent it and are BLOCKED now. The group notes for all others what they
        were sent.
        """
        first_offset = page.events[0].offset
        not_sent, blocked = [], []
        for subscription in subscriptions:
            if subscription._joined_at_offset > first_offset:  # noqa: SLF001  # a method call each would cost as much again
                not_sent.append(subscription)
            elif not subscription._sink.send(page):  # noqa: SLF001
                blocked.append(subscription)
        for subscription in blocked:
            subscription._block_after(page.through)  # noqa: SLF001
        return not_sent, blocked

    def note_sent(self, last_sent_offset: int, last_sent_at: float) -> None:
        """Note what a live reader was sent through its group."""
        self._cursor.sent(last_sent_offset)
        self._last_sent_at = max(self._last_sent_at, last_sent_at)

    def expect_heartbeat(self) -> None:
        """Ask for a heartbeat after the read that is running, unless that read finds events to send."""
        self._heartbeat_due = True

    # The transitions

    def schedule(self) -> None:
        """Enter SCHEDULED, in which the next item is looked for in memory: the store has been read, or the sink was resumed."""
        self._enter(State.SCHEDULED)

    def queue(self) -> None:
        """Enter QUEUED, to wait for a read of the store."""
        self._enter(State.QUEUED)

    def begin_read(self) -> None:
        """Enter READING, to wait for the result of a read of the store."""
        self._enter(State.READING)

    def go_live(self) -> None:
        """Enter LIVE, to wait for events at the head. A reader with a limit shares no page with its group, because a page may have too many events."""
        self._enter(State.LIVE)
        self._joined_at_offset = _SHARES_NOTHING if self._cursor.has_limit else self._cursor.after + 1

    def fall_behind(self, after: int) -> None:
        """Leave LIVE and read the log alone: only up to the offset `after` has the reader been sent everything that matches."""
        self._enter(State.SCHEDULED)
        self._cursor.skip_to(after)

    def close(self) -> None:
        """Enter CLOSED, in which nothing is sent: the stream has ended, or the client has disconnected."""
        self._enter(State.CLOSED)
        self._sink = NOWHERE

    def _block_after(self, sent_through: int) -> None:
        self._cursor.skip_to(sent_through)
        self._cursor.sent(sent_through)
        self._enter(State.BLOCKED)

    def _enter(self, state: State) -> None:
        if state not in TRANSITIONS[self._state]:
            raise ImpossibleTransition(self._state, state)
        self._state = state
        self._joined_at_offset = _SHARES_NOTHING
