"""The memory store on a disk that is slow, refuses, and forgets what was not synced when the server dies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple

from app.events.errors import StoreUnavailable
from app.events.event import Event, StoredEvent
from app.events.filter import Filter
from app.events.log.event_store import Appended, Commit, Opened, Page
from app.stores.local.retention import Retention
from app.stores.memory import MemoryStore


class Written(NamedTuple):
    """An event as it was stored, and the newest deleted offset at that moment."""

    stored: StoredEvent
    floor_offset: int


class SimulatedStore(MemoryStore):
    """A memory store whose events survive a crash. `history` has every event that ever was on disk, in order."""

    def __init__(self, random: Random, retain_events: int, retain_seconds: float | None) -> None:
        super().__init__(retain_events, retain_seconds)
        self._limits = (retain_events, retain_seconds)
        self._random = random
        self._writer = asyncio.Lock()
        self._in_flight: list[Sequence[Event]] = []
        self.history: list[Written] = []
        self.slowness_seconds = 0.01
        self.refuses_writes = False
        self.refuses_reads = False

    async def open(self, on_commit: Callable[[Commit], None]) -> Opened:
        def committed(commit: Commit) -> None:
            self._remember(commit)
            on_commit(commit)

        self._retention = Retention(*self._limits)  # a new process knows nothing of what the last one saw of the clocks
        return await super().open(committed)

    async def append(self, events: Sequence[Event]) -> list[Appended]:
        self._in_flight.append(events)
        try:
            async with self._writer:
                await asyncio.sleep(self._random.random() * self.slowness_seconds)
                if self.refuses_writes:
                    raise StoreUnavailable("The disk refuses to write.")
                return await super().append(events)
        finally:
            if events in self._in_flight:
                self._in_flight.remove(events)

    async def read(self, after: int, through: int, filter: Filter, limit: int) -> Page:
        await asyncio.sleep(self._random.random() * self.slowness_seconds)
        if self.refuses_reads:
            raise StoreUnavailable("The disk refuses to read.")
        page = await super().read(after, through, filter, limit)
        await asyncio.sleep(self._random.random() * self.slowness_seconds)
        return page

    async def crash(self) -> None:
        """Die: of the appends that nobody was answered, the first few are on disk, each whole."""
        await super().close()
        in_flight, self._in_flight = self._in_flight, []
        self._writer = asyncio.Lock()
        survivors = in_flight[: self._random.randint(0, len(in_flight))]
        self._on_commit = self._remember
        for events in survivors:
            await super().append(events)
        await super().close()

    def _remember(self, commit: Commit) -> None:
        self.history += [Written(stored, self._floor.offset) for stored in commit.events]
