"""Readers that come, go and resume at random while events are appended and deleted: nothing is lost, repeated or reordered.

The checker knows the log only by what was appended, and a reader only by what it was sent: ids, events and gaps. Between
the id that a session began with and the id that it left with, the reader must have been sent every event that its filter
matches, once and in order, except events at or before a gap that it was sent.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from app.events.delivery import cursor as cursor_module
from app.events.delivery.fan_out import FanOut
from app.events.delivery.stream_item import Checkpoint, Closing, StreamItem, StreamStart
from app.events.delivery.subscription import Subscription
from app.events.errors import PositionLost
from app.events.event import Event, StoredEvent
from app.events.filter import EVERYTHING, Filter
from app.events.log import tail as tail_module
from app.events.log.event_log import EventLog
from app.events.log.event_store import Appended, Page
from app.events.log.read_page import read_page
from app.events.log.start import StartRequest, locate_start
from app.events.position import Gap, parse_position
from app.stores.memory import MemoryStore
from tests.events.logs import event, in_virtual_time, turns
from tests.support.sessions import Session, faults_of_session

READERS = 200
PUBLISHERS = 4
EVENTS = 5_000
BATCH = 10
PAGE_EVENTS = 16
TYPES = ("order.shipped", "order.cancelled", "order.placed")
ORDERS = tuple(f"or_{number}" for number in range(8))


class Interleaving(MemoryStore):
    """A store during whose calls other tasks run, as with one that works in a thread."""

    def __init__(self, retain_events: int, chance: random.Random) -> None:
        super().__init__(retain_events)
        self._chance = chance
        self.reads = 0

    async def append(self, events: Sequence[Event]) -> list[Appended]:
        await turns(self._chance.randrange(3))
        appended = await super().append(events)
        await turns(self._chance.randrange(3))
        return appended

    async def read(self, after: int, through: int, filter: Filter, limit: int) -> Page:
        self.reads += 1
        await turns(self._chance.randrange(3))
        page = await super().read(after, through, filter, limit)
        await turns(self._chance.randrange(3))
        return page


@dataclass
class Reader:
    """A client that keeps its last id, and nothing else from one session to the next."""

    last_id: str
    sessions: list[Session] = field(default_factory=list)

    def begin(self, filter: Filter) -> None:
        self.sessions.append(Session(filter, offset(self.last_id), offset(self.last_id)))

    def take(self, step: StreamItem) -> None:
        """Take what was sent."""
        session = self.sessions[-1]
        match step:
            case Page():
                for stored in step.events:
                    session.received.append(stored.offset)
                    self.last_id = str(stored.position)
            case Checkpoint(position):
                self.last_id = str(position)
            case Gap():
                self.last_id = str(step.earliest)
                session.gaps.append((session.left, offset(self.last_id)))
        session.left = offset(self.last_id)


def offset(last_id: str) -> int:
    position = parse_position(last_id)
    assert position is not None
    return position.offset


def random_filter(chance: random.Random) -> Filter:
    types = frozenset(chance.sample(TYPES, chance.randint(1, 3))) if chance.random() < 0.6 else None
    orders = frozenset(chance.sample(ORDERS, chance.randint(1, 8))) if chance.random() < 0.4 else None
    return Filter(types, orders)


class Connection:
    """A client's connection: full now and then, writable again some turns later; the client reads what was written."""

    def __init__(self, play: Play, reader: Reader, subscription: Subscription) -> None:
        self._play = play
        self._reader = reader
        self._subscription = subscription
        self._is_full = False
        self.closing: Closing | None = None

    def send(self, step: StreamItem) -> bool:
        assert not self._is_full
        assert self.closing is None
        if isinstance(step, Closing):
            self.closing = step
            return False
        self._reader.take(step.first if isinstance(step, StreamStart) else step)
        self._is_full = self._play.chance.random() < 0.3
        if self._is_full:
            self._writable_later(self._play.chance.randrange(60))
        elif self._play.chance.random() < 0.1:  # another subscription of the connection has filled it
            asyncio.get_running_loop().call_soon(self._play.fan_out.pause, self._subscription)
            self._writable_later(self._play.chance.randrange(60))
        return not self._is_full

    def leave(self) -> None:
        self._play.fan_out.leave(self._subscription)

    def _writable_later(self, after_turns: int) -> None:
        again = self._writable if after_turns == 0 else lambda: self._writable_later(after_turns - 1)
        asyncio.get_running_loop().call_soon(again)

    def _writable(self) -> None:
        self._is_full = False
        self._play.fan_out.resume(self._subscription)


class Play:
    """One run: a log, its publishers, its readers, and everything that each of them has seen."""

    def __init__(self, seed: int, retain_events: int) -> None:
        self.chance = random.Random(seed)
        self.store = Interleaving(retain_events, self.chance)
        self.log = EventLog(self.store)
        self.written: list[StoredEvent] = []
        self.fan_out = FanOut(self.log, heartbeat_seconds=500e-6)  # a turn takes a microsecond
        self.over = asyncio.Event()

    async def run(self) -> list[Reader]:
        await self.log.open()
        clock = asyncio.create_task(self.fan_out.run())
        reading = [asyncio.create_task(self.read()) for _ in range(READERS)]
        await asyncio.gather(*(self.publish(f"p{number}", EVENTS // PUBLISHERS) for number in range(PUBLISHERS)))
        self.written.sort()
        self.over.set()
        readers = await asyncio.gather(*reading)
        clock.cancel()
        return readers

    async def publish(self, name: str, count: int) -> None:
        for number in range(0, count, BATCH):
            batch = [f"{name}-{number + place}" for place in range(BATCH)]
            for part in (batch[:1], batch[1:3], batch[3:]):
                events = [event(each, self.chance.choice(TYPES), self.chance.choice(ORDERS)) for each in part]
                self.written += [appended.stored for appended in await self.log.append(events)]
                await turns(self.chance.randrange(12))

    async def read(self) -> Reader:
        await turns(self.chance.randrange(400))
        reader = Reader(str(self.log.position(self.chance.choice((self.log.head, self.log.floor.offset)))))
        while not self.over.is_set():
            await (self.poll(reader) if self.chance.random() < 0.2 else self.stream(reader))
            await turns(self.chance.randrange(60))
        await self.stream_to_the_head(reader)
        return reader

    async def stream(self, reader: Reader) -> None:
        """Follow for a while; leave after any step, within a page, or while waiting."""
        sink = await self.open_stream(reader, follow=True)
        await turns(self.chance.randrange(200))
        sink.leave()

    async def stream_to_the_head(self, reader: Reader) -> None:
        sink = await self.open_stream(reader, follow=False)
        while sink.closing is None:
            await turns(1)
        assert sink.closing == Closing("end")

    async def open_stream(self, reader: Reader, *, follow: bool) -> Connection:
        start = await locate_start(self.log, StartRequest(reader.last_id), EVERYTHING)
        filter = self.random_filter()
        limit = self.chance.randint(1, 200) if follow and self.chance.random() < 0.2 else None
        subscription = Subscription(self.log, start, filter, follow=follow, limit=limit)
        reader.begin(filter)
        sink = Connection(self, reader, subscription)
        self.fan_out.open(subscription, sink)
        return sink

    async def poll(self, reader: Reader) -> None:
        """Read pages for a while, as a client does that cannot hold a stream."""
        filter = self.random_filter()
        reader.begin(filter)
        for _ in range(self.chance.randrange(5)):
            start = await locate_start(self.log, StartRequest(reader.last_id), EVERYTHING)
            wait_seconds = self.chance.choice((0, 0, 50e-6))
            try:
                page = await read_page(self.log, start, filter, self.chance.randint(1, 50), wait_seconds)
            except PositionLost as lost:
                reader.take(lost.gap)
            else:
                reader.take(page)
                reader.take(Checkpoint(self.log.position(page.through)))

    def random_filter(self) -> Filter:
        types = frozenset(self.chance.sample(TYPES, self.chance.randint(1, 3)))
        orders = frozenset(self.chance.sample(ORDERS, self.chance.randint(1, 8)))
        return Filter(types if self.chance.random() < 0.6 else None, orders if self.chance.random() < 0.4 else None)


@pytest.fixture(autouse=True)
def small_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let readers leave the tail, fill pages and search long with few events."""
    monkeypatch.setattr(tail_module, "TAIL_EVENTS", 50)
    monkeypatch.setattr(cursor_module, "PAGE_EVENTS", PAGE_EVENTS)
    monkeypatch.setattr("app.stores.memory.EXAMINED_PER_READ", 100)


async def play(seed: int, retain_events: int) -> list[Session]:
    run = Play(seed, retain_events)
    async with asyncio.timeout(0.1):  # 100,000 turns; some 5,000 do
        readers = await run.run()
    assert [stored.offset for stored in run.written] == list(range(1, EVENTS + 1))
    assert (run.log.listener_count, len(run.fan_out)) == (0, 0)
    sessions = [session for reader in readers for session in reader.sessions]
    assert [fault for session in sessions for fault in faults_of_session(session, run.written)] == []
    for reader in readers:
        last = reader.sessions[-1].filter
        assert not any(map(last.matches, run.written[reader.sessions[-1].left :]))
    assert run.store.reads > 1000  # many had left the tail
    return sessions


@in_virtual_time
@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("seed", [1, 2])
async def test_nothing_is_lost_repeated_or_reordered(seed: int) -> None:
    sessions = await play(seed, retain_events=EVENTS)
    assert not any(session.gaps for session in sessions)
    assert sum(len(session.received) for session in sessions) > READERS * EVENTS // 4


@in_virtual_time
@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("seed", [3, 4])
async def test_deletion_under_the_readers_makes_gaps_and_never_a_hole(seed: int) -> None:
    sessions = await play(seed, retain_events=300)
    assert sum(len(session.gaps) for session in sessions) > 100
