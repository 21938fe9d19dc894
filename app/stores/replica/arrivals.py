"""What a node has reported of a shared log so far, and the publishers that wait until it has reported their events."""

from __future__ import annotations

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from operator import attrgetter

from app.events.event import StoredEvent
from app.stores.replica.node_copy.copy_changes import CopyState
from app.stores.replica.shared_log import EpochEnded

_offset_of = attrgetter("offset")


class Arrivals:
    """The arrivals of events at a node. `state`: the state of the copy as of the last commit that was reported.

    The copy itself may be ahead of this state for a moment: what waits here goes on only after readers could see the events.
    """

    def __init__(self) -> None:
        self.state: CopyState
        self._changed = asyncio.Event()
        self._expected: set[_Expected] = set()

    @property
    def epoch(self) -> str:
        """The name of the epoch to which new events belong."""
        return self.state.epochs.open.name

    def note(self, state: CopyState, events: Sequence[StoredEvent] = ()) -> None:
        """Record that a change of the copy was reported, with the events that it added."""
        self.state = state
        for expected in self._expected:
            expected.take(events)
        self._changed.set()

    async def until(self, offset: int, epoch: str) -> None:
        """Wait until every event up to an offset of an epoch has arrived. Raises EpochEnded if the epoch has ended."""
        while self.epoch != epoch or self.state.head < offset:
            if self.epoch != epoch and epoch in [each.name for each in self.state.epochs]:
                raise EpochEnded(epoch)
            await self._change()

    async def events(self, first: int, count: int, epoch: str) -> Sequence[StoredEvent]:
        """Wait until a number of events from an offset on have arrived, and return them. Fewer are returned if some had arrived
        before this call, or were deleted before they arrived. Raises EpochEnded.
        """
        expected = _Expected(first, first + count - 1)
        self._expected.add(expected)
        try:
            await self.until(expected.last, epoch)
        finally:
            self._expected.discard(expected)
        return expected.events

    async def past(self, epoch: str) -> None:
        """Wait until an epoch is not the last one any more."""
        while self.epoch == epoch:
            await self._change()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()


class _Expected:
    """Events that a publisher waits for: those from offset `first` to `last`. `events` are those that have come."""

    def __init__(self, first: int, last: int) -> None:
        self.first = first
        self.last = last
        self.events: list[StoredEvent] = []

    def take(self, events: Sequence[StoredEvent]) -> None:
        start = bisect_left(events, self.first, key=_offset_of)
        self.events += events[start : bisect_right(events, self.last, lo=start, key=_offset_of)]
