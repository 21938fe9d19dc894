"""One request to store events, while it waits for its answer: which of its events are new, and what becomes of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import repeat
from typing import Final

from app.events.errors import EventIdConflict
from app.events.event import Event, EventKey, StoredEvent
from app.events.log.event_store import Appended
from app.stores.local.offsets import assign_or_find

# As the epoch of an event that is not stored yet; its offset then counts the new events, from 1.
_NOT_STORED: Final = ""


class Request:
    """The events of one request. `outcome` gets the outcome for each of them, or the error to raise. `new`: the events that are
    to be stored, once `compare` has found out which events are stored already. `keys` and `new_keys`: their owners and event ids.
    """

    def __init__(self, events: Sequence[Event]) -> None:
        self.events = events
        self.keys = [(event.owner, event.event_id) for event in events]
        self.outcome: asyncio.Future[list[Appended]] = asyncio.get_running_loop().create_future()
        self.new: Sequence[Event] = ()
        self.new_keys: Sequence[EventKey] = ()
        self._placed: Sequence[Appended] = ()  # empty if all events are new
        self._own: set[int] = set()  # the offsets of the events that this request has stored

    def compare(self, known: Mapping[EventKey, StoredEvent]) -> None:
        """Find out which events are new. If there are none, or an event id belongs to an event with other content, the request is
        answered.

        `known`: the stored events that have the owners and event ids of this request.
        """
        self.new, self.new_keys, self._placed = self.events, self.keys, ()
        distinct = set(self.keys)
        if self.events and len(distinct) == len(self.keys) and distinct.isdisjoint(known):
            return
        try:
            self._placed = assign_or_find(self.events, 0, _NOT_STORED, 0, known.get)
        except EventIdConflict as conflict:
            self.fail(conflict)
            return
        self.new = [event for event, placed in zip(self.events, self._placed, strict=True) if not placed.duplicate]
        self.new_keys = [event.key for event in self.new]
        if not self.new:
            self.answer(())

    def shares(self, keys: AbstractSet[EventKey]) -> bool:
        """Return whether a new event has one of the given owners and event ids."""
        return not keys.isdisjoint(self.new_keys)

    def note_stored(self, first: int) -> None:
        """Record that the log has stored the new events, the first of them at an offset. They are not duplicates then, even if
        they have to be looked up in the copy, perhaps in another epoch.
        """
        self._own.update(range(first, first + len(self.new)))

    def answer(self, stored: Sequence[StoredEvent]) -> None:
        """Answer the request. `stored`: its new events, as they are stored."""
        if not self.outcome.done():
            self.outcome.set_result(self._merged(stored) if self._placed else [*map(Appended, stored, repeat(False))])

    def _merged(self, stored: Sequence[StoredEvent]) -> list[Appended]:
        own = {*self._own}
        outcome: list[Appended] = []
        for placed in self._placed:
            event = stored[placed.stored.offset - 1] if placed.stored.epoch == _NOT_STORED else placed.stored
            outcome.append(Appended(event, event.offset not in own))
            own.discard(event.offset)
        return outcome

    def fail(self, error: Exception) -> None:
        self.new = self.new_keys = ()
        if not self.outcome.done():
            self.outcome.set_exception(error)
