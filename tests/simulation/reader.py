"""A client that keeps its last id across everything, and writes down what it was sent."""

from __future__ import annotations

import asyncio
from typing import Final

from app.events.delivery.stream_item import Checkpoint, Closing, StreamItem, StreamStart
from app.events.delivery.subscribe import SubscriptionRequest, subscribe
from app.events.delivery.subscription import Subscription
from app.events.errors import Draining, PositionLost, StoreUnavailable
from app.events.filter import EVERYTHING, Filter
from app.events.log.event_store import Page
from app.events.log.read_page import read_page
from app.events.log.start import StartRequest, locate_start
from app.events.position import Gap, parse_position
from tests.simulation.server import HEARTBEAT_SECONDS, NoAnswerError, Server
from tests.simulation.world import World
from tests.support.sessions import Session

TYPES: Final = ("order.shipped", "order.cancelled")
ORDERS: Final = tuple(f"or_{number}" for number in range(6))
LONGEST_SESSION_SECONDS: Final = 90
LONGEST_BLOCK_SECONDS: Final = 40
RECONNECT_SECONDS: Final = 5
LONGEST_ABSENCE_SECONDS: Final = 300  # long enough for retention to overtake the reader
CATCH_UP_SECONDS: Final = 120  # for a reader to be at the head, once nothing goes wrong any more


class Reader:
    """One client. `faults` are promises that were seen broken while it read."""

    def __init__(self, world: World, name: str, last_id: str) -> None:
        self._world = world
        self.name = name
        self.last_id = last_id
        self.sessions: list[Session] = []
        self.faults: list[str] = []

    @property
    def offset(self) -> int:
        position = parse_position(self.last_id)
        assert position is not None
        return position.offset

    async def read(self) -> None:
        """Stream and poll, leave and come back, until the world is calm; then read on to the head."""
        filter = self._new_filter()
        while not self._world.is_over:
            if self._world.random.random() < 0.3:
                filter = self._new_filter()
            await self._visit(filter)
            await self._world.pause(LONGEST_ABSENCE_SECONDS if self._world.random.random() < 0.1 else RECONNECT_SECONDS)
        await self._catch_up(filter)

    async def _visit(self, filter: Filter) -> None:
        server = self._world.server
        if server is None:
            return
        self.sessions.append(Session(filter, self.offset, self.offset))
        try:
            if self._world.random.random() < 0.25:
                await self._poll(server, filter)
            else:
                await self._stream(server, filter)
        except (NoAnswerError, Draining, StoreUnavailable):
            self._world.note(self.name, "failed")

    async def _stream(self, server: Server, filter: Filter) -> None:
        random = self._world.random
        limit = random.randint(1, 60) if random.random() < 0.2 else None
        connection = await self.connect(server, filter, follow=random.random() < 0.85, limit=limit)
        await connection.used_for(random.random() * LONGEST_SESSION_SECONDS)

    async def connect(self, server: Server, filter: Filter, *, follow: bool, limit: int | None) -> Connection:
        """Open a stream after the last id. Raises StoreUnavailable if it would end at once, NoAnswerError if the server dies."""
        request = SubscriptionRequest(StartRequest(self.last_id), filter, follow=follow, limit=limit)
        subscription = await server.answer(subscribe(server.log, request))
        if isinstance(subscription, Closing):
            raise StoreUnavailable(subscription.reason)
        return Connection(self._world, self, server, subscription)

    async def _poll(self, server: Server, filter: Filter) -> None:
        random = self._world.random
        for _ in range(random.randint(1, 6)):
            start = await server.answer(locate_start(server.log, StartRequest(self.last_id), EVERYTHING))
            wait_seconds = random.choice((0.0, 0.0, 20.0))
            try:
                page = await server.answer(read_page(server.log, start, filter, random.randint(1, 50), wait_seconds))
            except PositionLost as lost:
                self.take(lost.gap)
            else:
                self.take(page)
                self.take(Checkpoint(server.log.position(page.through)))

    async def _catch_up(self, filter: Filter) -> None:
        """Follow until everything stored has been examined: the promise that nobody waits for ever."""
        server = self._world.server
        assert server is not None
        self.sessions.append(Session(filter, self.offset, self.offset))
        connection = await self.connect(server, filter, follow=True, limit=None)
        try:
            async with asyncio.timeout(CATCH_UP_SECONDS):
                while self.offset < server.log.head:
                    await connection.item_came.wait()
                    connection.item_came.clear()
        except TimeoutError:
            self.faults.append(f"stays at {self.offset}, while the head is {server.log.head}")
        connection.leave()

    def take(self, item: StreamItem) -> None:
        """Note what was sent."""
        session = self.sessions[-1]
        match item:
            case StreamStart(first):
                self.take(first)
            case Page(events):
                session.received += [stored.offset for stored in events]
                if events:
                    self.last_id = events[-1].id
            case Checkpoint(position):
                self.last_id = str(position)
            case Gap(earliest=earliest):
                self.last_id = str(earliest)
                session.gaps.append((session.left, self.offset))
        session.left = self.offset
        self._world.note(self.name, type(item).__name__, self.last_id)

    def _new_filter(self) -> Filter:
        random = self._world.random
        types = frozenset(random.sample(TYPES, 1)) if random.random() < 0.4 else None
        orders = frozenset(random.sample(ORDERS, random.randint(1, 3))) if random.random() < 0.4 else None
        return EVERYTHING if random.random() < 0.3 else Filter(types, orders)


class Connection:
    """The sink of one stream: full now and then, and the judge of its heartbeats."""

    def __init__(self, world: World, reader: Reader, server: Server, subscription: Subscription) -> None:
        self._world = world
        self._reader = reader
        self._server = server
        self._subscription = subscription
        self._is_full = False
        self.fills_up = False  # with the next item
        self._silent_since = world.now
        self._ended = asyncio.Event()
        self.item_came = asyncio.Event()
        server.fan_out.open(subscription, self)

    def send(self, item: StreamItem) -> bool:
        if self._server.died.is_set() or self._ended.is_set():
            return False
        assert not self._is_full, "A sink that is full was sent more."
        self._judge_silence()
        self._reader.take(item)
        self.item_came.set()
        if isinstance(item, Closing):
            self._ended.set()
        elif self.fills_up:
            self._is_full = True
        elif not self._world.is_over and self._world.random.random() < 0.15:
            self._is_full = True
            delay_seconds = self._world.random.random() ** 3 * LONGEST_BLOCK_SECONDS
            asyncio.get_running_loop().call_later(delay_seconds, self.become_writable)
        return not self._is_full and not self._ended.is_set()

    async def used_for(self, seconds: float) -> None:
        """Read for a while, or until the stream ends or breaks; then leave."""
        waiting = [asyncio.create_task(event.wait()) for event in (self._ended, self._server.died)]
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for each in waiting:
            each.cancel()
        self.leave()

    def leave(self) -> None:
        if not self._is_full and not self._ended.is_set() and not self._server.died.is_set():
            self._judge_silence()
        self._ended.set()
        self._server.fan_out.leave(self._subscription)

    def become_writable(self) -> None:
        """Take items again."""
        if not self._is_full:
            return
        self._is_full = False
        self._silent_since = self._world.now
        if not self._ended.is_set():
            self._server.fan_out.resume(self._subscription)

    def _judge_silence(self) -> None:
        silent_seconds = self._world.now - self._silent_since
        if silent_seconds > HEARTBEAT_SECONDS:
            self._reader.faults.append(f"silent for {silent_seconds:.3f} s until {self._world.now:.3f}")
        self._silent_since = self._world.now
