"""Stores that are open for a test, and the commits that they reported."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager

import pytest

from app.events.event import NO_OWNER, Event, StoredEvent
from app.events.filter import EVERYTHING, Filter
from app.events.log.event_store import Commit, EventStore, Opened, Page
from app.events.position import Floor
from app.stores.replica import publishing, replica_store
from tests.events.logs import event

NOTHING = Filter(event_types=frozenset({"order.unheard-of"}))


class OpenStore:
    """A store that is open, and every commit that it reported."""

    def __init__(self, store: EventStore) -> None:
        self.store = store
        self.commits: list[Commit] = []
        self._committed = asyncio.Event()

    async def open(self) -> OpenStore:
        self.opened: Opened = await self.store.open(self._on_commit)
        return self

    @property
    def floor(self) -> Floor:
        return self.commits[-1].floor if self.commits else self.opened.floor

    @property
    def committed(self) -> list[StoredEvent]:
        return [stored for commit in self.commits for stored in commit.events]

    async def append(self, *events: Event) -> list[StoredEvent]:
        return [appended.stored for appended in await self.store.append(events)]

    async def page(self, after: int, through: int = 10**9, filter: Filter = EVERYTHING, limit: int = 1000) -> Page:
        return await self.store.read(after, through, filter, limit)

    async def events(self, filter: Filter = EVERYTHING) -> list[StoredEvent]:
        """Read everything that is retained, page by page."""
        found: list[StoredEvent] = []
        after, page = self.floor.offset, None
        while page is None or page.through > after:
            after = after if page is None else page.through
            page = await self.page(after, filter=filter)
            found += page.events
        return found

    async def counts(self, after: int, through: int, filter: Filter, interval_us: int) -> Counter[tuple[int, str]]:
        """Count everything in a range, piece by piece."""
        counts = Counter[tuple[int, str]]()
        while after < min(through, self.committed[-1].offset if self.committed else self.opened.head):
            counted = await self.store.count(after, through, filter, interval_us)
            assert after < counted.through <= through
            counts.update(counted.counts)
            after = counted.through
        return counts

    async def until(self, reached: Callable[[], bool]) -> None:
        """Wait for a commit after which `reached` returns True."""
        while not reached():
            self._committed.clear()
            await self._committed.wait()

    def _on_commit(self, commit: Commit) -> None:
        self.commits.append(commit)
        self._committed.set()


def be_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a node wait a minute for its shared log: on a busy machine the disk alone may take the usual five seconds."""
    for module in (publishing, replica_store):
        monkeypatch.setattr(module, "DEADLINE_SECONDS", 60)


@asynccontextmanager
async def opening(store: EventStore) -> AsyncIterator[OpenStore]:
    try:
        yield await OpenStore(store).open()
    finally:
        await store.close()


def ids(events: Iterable[StoredEvent]) -> list[str]:
    return [stored.event_id for stored in events]


def offsets(events: Sequence[StoredEvent]) -> list[int]:
    return [stored.offset for stored in events]


def of_orders(*order_ids: str) -> Filter:
    return Filter(order_ids=frozenset(order_ids))


def of_owners(*owners: str) -> Filter:
    return Filter(owners=frozenset(owners))


def numbered(count: int, prefix: str = "e") -> list[Event]:
    return [event(f"{prefix}{number}") for number in range(1, count + 1)]


def various(count: int, prefix: str = "e", seed: int = 1) -> list[Event]:
    """Return events of random types, orders and owners."""
    chosen = random.Random(seed)
    types, orders, owners = ("order.shipped", "order.cancelled"), ("x", "y", "z"), ("m", "n", NO_OWNER)
    return [
        event(f"{prefix}{number}", chosen.choice(types), chosen.choice(orders), chosen.choice(owners))
        for number in range(count)
    ]
