"""A clock that moves only during sleeps, and a real publisher on a log in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from app.events.event import Event, StoredEvent
from app.events.filter import EVERYTHING
from app.events.log.event_log import EventLog
from app.events.log.event_store import Appended
from app.events.publishing.publish import Publisher
from app.settings import Settings
from app.specification.contracts import load_contracts
from app.specification.document import load_document
from app.specification.schema.schema import compile_schema
from app.specification.strict_json import JsonValue
from app.stores.memory import MemoryStore

ROOT = Settings().contract_root


class TimeIsUp(Exception):
    """Raised when simulated time is up, to end a source that would run without end."""


class SimulatedTime:
    """The `clock` and `sleep` of a source; a sleep that ends later than `until` seconds from the start raises TimeIsUp."""

    def __init__(self, until: float = float("inf")) -> None:
        self.now = 1000.0
        self.began = self.now
        self.until = self.now + until
        self.sleeps: list[float] = []

    @property
    def elapsed(self) -> float:
        return self.now - self.began

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds
        if self.now > self.until:
            raise TimeIsUp
        await asyncio.sleep(0)


class Recorder:
    """A publisher that passes everything on to a real one, and records the time and size of each publish."""

    def __init__(self, time: SimulatedTime, publisher: Publisher) -> None:
        self._time = time
        self._publisher = publisher
        self.publishes: list[tuple[float, int]] = []

    async def publish(self, submissions: Sequence[JsonValue], /) -> list[Appended]:
        self.publishes.append((self._time.elapsed, len(submissions)))
        return await self._publisher.publish(submissions)


class TroubledStore(MemoryStore):
    """A store whose appends fail: each exception of `before` is raised once before its events are stored, each of `after` once after."""

    def __init__(self, *, before: Sequence[Exception] = (), after: Sequence[Exception] = ()) -> None:
        super().__init__()
        self._before = list(before)
        self._after = list(after)

    async def append(self, events: Sequence[Event]) -> list[Appended]:
        if self._before:
            raise self._before.pop(0)
        appended = await super().append(events)
        if self._after:
            raise self._after.pop(0)
        return appended


@asynccontextmanager
async def open_publisher(
    store: MemoryStore | None = None, contract_root: Path = ROOT
) -> AsyncIterator[tuple[EventLog, Publisher]]:
    """Open a log in memory, and a publisher on it that checks events against a contract: by default that of the repository."""
    contracts = load_contracts(contract_root / "contracts")
    document = load_document(contract_root, contracts)
    log = EventLog(store or MemoryStore())
    await log.open()
    try:
        envelopes = {name: compile_schema(schema, name) for name, schema in document.envelopes.items()}
        yield log, Publisher(log, contracts, envelopes, batch_maximum=document.batch_maximum)
    finally:
        await log.close()


async def until_time_is_up(source: Coroutine[Any, Any, None]) -> None:
    with suppress(TimeIsUp):
        await source


async def stored_events(log: EventLog) -> Sequence[StoredEvent]:
    return (await log.read(0, log.head, EVERYTHING, log.head + 1)).events
