"""A shared log in memory, and the connections of nodes to it: what a cluster of servers does to nodes, without a network."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, Sequence

from app.events.errors import StoreUnavailable
from app.events.event import Event, StoredEvent
from app.events.log.event_store import ID_KEY_BYTES
from app.events.position import Epochs, new_epoch
from app.stores.local.offsets import assign_to_all
from app.stores.replica.shared_log import AlreadyStored, EpochEnded, SharedState

BATCH_EVENTS = 1000


class MemorySharedLog:
    """The log, as its servers have it. Its methods other than `connect` are what happens to the servers.

    `retain_seconds`: how long an event is kept. `retain_events`: how many of the newest events are kept. `answers`: whether the servers answer. `acknowledges`: whether they
    answer when they have stored events.
    """

    def __init__(self, retain_seconds: float | None = None, *, retain_events: int = 1_000_000) -> None:
        self._retain_us = None if retain_seconds is None else round(retain_seconds * 1_000_000)
        self._retain_events = retain_events
        self.answers = True
        self.acknowledges = True
        self.recreate()

    def connect(self, seconds: float = 5.0) -> MemoryConnection:
        """Return the connection of a node. `seconds`: how long a call waits for an answer."""
        return MemoryConnection(self, seconds)

    @property
    def head(self) -> int:
        return self.deleted_through + len(self.events)

    @property
    def state(self) -> SharedState:
        if self._retain_us is not None:
            oldest_us = time.time_ns() // 1000 - self._retain_us
            self.delete_through(self.deleted_through + sum(event.stored_at_us <= oldest_us for event in self.events))
        return SharedState(self.epochs, self.head, self.deleted_through, self.id_key, self.is_restored)

    def recreate(self) -> None:
        """Delete the log, and make it anew."""
        self.life = object()
        self.is_restored = False
        self.id_key = secrets.token_bytes(ID_KEY_BYTES)
        self.epochs = Epochs([new_epoch(1)])
        self.events: list[StoredEvent] = []
        self.deleted_through = 0

    def lose_events_after(self, offset: int) -> None:
        """Lose the newest events, as if files of an older backup were put in the place of those of the servers."""
        self.life = object()
        del self.events[offset - self.deleted_through :]

    def restore(self, offset: int) -> None:
        """Restore the log from a backup, by the servers: its newest events are lost, and it shows that it was restored."""
        self.lose_events_after(offset)
        self.is_restored = True
        self._restored_head = self.head

    def delete_through(self, offset: int) -> None:
        del self.events[: offset - self.deleted_through]
        self.deleted_through = max(offset, self.deleted_through)

    def begin_epoch(self, replaced_from: int | None = None) -> None:
        stored_since = self._restored_head + 1 if self.is_restored else self.head + 1
        replaced_from = min(stored_since, replaced_from or stored_since)
        between = [new_epoch(replaced_from)] if replaced_from <= self.head else []
        before = sorted([*self.epochs, *between], key=lambda epoch: epoch.first_offset)
        self.epochs = Epochs([*before, new_epoch(self.head + 1)])
        self.events = [each._replace(epoch=self.epochs.of_event(each.offset)) for each in self.events]
        self.is_restored = False

    def add(self, *events: Event) -> int:
        """Store events as any node does. Returns the offset of the first."""
        first = self.head + 1
        self.events += assign_to_all([events], self.head, self.epochs.open.name, time.time_ns() // 1000)
        self.delete_through(self.head - self._retain_events)
        return first

    def find(self, events: Sequence[Event]) -> int | None:
        """Return the offset of the newest stored event with the key of one of the given events, within the last epoch."""
        keys = {event.key for event in events}
        found = [at for at in self.events if at.key in keys and at.epoch == self.epochs.open.name]
        return found[-1].offset if found else None


class MemoryConnection:
    """The connection of one node to a log in memory: a `SharedLog`."""

    def __init__(self, log: MemorySharedLog, seconds: float) -> None:
        self._log = log
        self._seconds = seconds
        self._is_closed = False
        self.stored_together: list[int] = []

    async def open(self) -> SharedState:
        return await self.state()

    async def state(self) -> SharedState:
        await self._answer()
        return self._log.state

    async def follow(self, after: int) -> AsyncGenerator[Sequence[StoredEvent], None]:
        life, epochs = self._log.life, self._log.epochs
        while (self._log.life, self._log.epochs) == (
            life,
            epochs,
        ) and self._log.deleted_through <= after <= self._log.head:
            start = after - self._log.deleted_through
            events = self._log.events[start : start + BATCH_EVENTS] if self._log.answers else []
            after += len(events)
            if events:
                yield events
            else:
                await asyncio.sleep(0.001)

    async def store(self, events: Sequence[Event], epoch: str) -> int:
        await self._answer()
        if epoch != self._log.epochs.open.name:
            raise EpochEnded(epoch)
        known = self._log.find(events)
        if known is not None:
            raise AlreadyStored(known)
        self.stored_together.append(len(events))
        first = self._log.add(*events)
        await asyncio.sleep(0)
        if not self._log.acknowledges:
            raise StoreUnavailable("The log does not answer.")
        return first

    async def event_at(self, offset: int) -> StoredEvent | None:
        await self._answer()
        if not self._log.deleted_through < offset <= self._log.head:
            return None
        return self._log.events[offset - self._log.deleted_through - 1]

    async def begin_epoch(self, expected: Epochs, replaced_from: int | None = None) -> SharedState:
        await self._answer()
        if self._log.epochs == expected:
            self._log.begin_epoch(replaced_from)
        return self._log.state

    async def close(self) -> None:
        self._is_closed = True

    async def _answer(self) -> None:
        """Let a turn of the event loop pass, as a network does, and wait for the servers."""
        await asyncio.sleep(0)
        give_up_at = time.monotonic() + self._seconds
        while not self._log.answers and not self._is_closed:
            if time.monotonic() > give_up_at:
                raise StoreUnavailable("The log does not answer.")
            await asyncio.sleep(0.001)
        if self._is_closed:
            raise StoreUnavailable("The connection is closed.")
