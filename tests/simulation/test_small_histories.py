"""Histories of a few steps, searched for the shortest one that breaks a promise."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import ExitStack
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.events.errors import StoreUnavailable
from app.events.event import Event
from app.events.filter import EVERYTHING, Filter
from tests.events.logs import VirtualTime, turns
from tests.simulation.checker import faults_of
from tests.simulation.reader import ORDERS, TYPES, Connection, Reader
from tests.simulation.world import Size, simulated_world
from tests.support.sessions import Session

FILTERS = (
    EVERYTHING,
    Filter(frozenset({TYPES[0]})),
    Filter(None, frozenset({ORDERS[0]})),
    Filter(frozenset({"order.lost"})),
)
READERS = 3
SETTLING_SECONDS = 40.0  # more than two heartbeats: by then a reader without a blocked sink has been told where it is

T = TypeVar("T")


class Histories(RuleBasedStateMachine):
    """Three readers, one log, and whatever happens to them."""

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner(loop_factory=VirtualTime)
        self._published = 0
        self._acknowledged: dict[str, str] = {}
        self._connections: dict[int, Connection] = {}

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    @initialize(retain_events=st.sampled_from([2, 5, 1000]))
    def begin(self, retain_events: int) -> None:
        self._run(self._begin(retain_events))

    async def _begin(self, retain_events: int) -> None:
        self._stack = ExitStack()
        self.world = self._stack.enter_context(simulated_world(0, Size(), retain_events, None))
        self.world.is_over = True  # nothing happens by chance
        self.world.store.slowness_seconds = 0.0
        await self.world.start_server()
        assert self.world.server is not None
        first_id = str(self.world.server.log.position(0))
        self.readers = [Reader(self.world, f"r{number}", first_id) for number in range(READERS)]

    @rule(events=st.lists(st.tuples(st.sampled_from(TYPES), st.sampled_from(ORDERS[:2])), min_size=1, max_size=4))
    def publish(self, events: list[tuple[str, str]]) -> None:
        self._run(self._publish(events))

    async def _publish(self, events: list[tuple[str, str]]) -> None:
        assert self.world.server is not None
        numbered = enumerate(events, start=self._published)
        batch = [Event(kind, "1.0.0", f"e{number}", order, "{}") for number, (kind, order) in numbered]
        self._published += len(batch)
        for stored, _ in await self.world.server.log.append(batch):
            self._acknowledged[stored.event_id] = stored.id
        await turns()

    @rule(
        number=st.integers(0, READERS - 1), filter=st.sampled_from(FILTERS), limit=st.sampled_from([None, None, 1, 3])
    )
    def connect(self, number: int, filter: Filter, limit: int | None) -> None:
        self._run(self._connect(number, filter, limit))

    async def _connect(self, number: int, filter: Filter, limit: int | None = None) -> None:
        assert self.world.server is not None
        if number in self._connections:
            self._connections.pop(number).leave()
        reader = self.readers[number]
        reader.sessions.append(Session(filter, reader.offset, reader.offset))
        try:
            self._connections[number] = await reader.connect(self.world.server, filter, follow=True, limit=limit)
        except StoreUnavailable:
            return
        await turns()

    @precondition(lambda self: self._connections)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self._connections)))
        self._run(self._leave(number))

    async def _leave(self, number: int) -> None:
        self._connections.pop(number).leave()
        await turns()

    @precondition(lambda self: self._connections)
    @rule(data=st.data(), fills_up=st.booleans())
    def fill_or_empty_a_connection(self, data: st.DataObject, *, fills_up: bool) -> None:
        number = data.draw(st.sampled_from(sorted(self._connections)))
        self._run(self._fill_or_empty(number, fills_up=fills_up))

    async def _fill_or_empty(self, number: int, *, fills_up: bool) -> None:
        self._connections[number].fills_up = fills_up
        if not fills_up:
            self._connections[number].become_writable()
        await turns()

    @rule(refuses=st.booleans())
    def let_the_disk_refuse_reads(self, *, refuses: bool) -> None:
        self.world.store.refuses_reads = refuses

    @rule(drains=st.booleans())
    def restart(self, *, drains: bool) -> None:
        self._run(self._restart(drains=drains))

    async def _restart(self, *, drains: bool) -> None:
        assert self.world.server is not None
        await (self.world.server.drain() if drains else self.world.server.crash())
        for connection in self._connections.values():
            connection.leave()
        self._connections.clear()
        await self.world.start_server()

    @rule(seconds=st.sampled_from([0.001, 1.0, 16.0, 3600.0]))
    def let_time_pass(self, seconds: float) -> None:
        self._run(asyncio.sleep(seconds))

    @invariant()
    def every_promise_holds(self) -> None:
        if hasattr(self, "readers"):
            assert list(faults_of(self.world.store.history, self._acknowledged, self.readers)) == []

    def teardown(self) -> None:
        if not hasattr(self, "readers"):
            return
        try:
            self._run(self._settle())
            self.every_promise_holds()
        finally:
            self._stack.close()
            self._runner.close()

    async def _settle(self) -> None:
        """Every reader comes to the head once it is left in peace."""
        self.world.store.refuses_reads = False
        for number, reader in enumerate(self.readers):
            await self._connect(number, reader.sessions[-1].filter if reader.sessions else EVERYTHING)
        await asyncio.sleep(SETTLING_SECONDS)
        assert self.world.server is not None
        assert [reader.offset for reader in self.readers] == [self.world.server.log.head] * READERS
        await self._restart(drains=False)
        assert self.world.server is not None
        await self.world.server.crash()


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
