"""The world of one run: a seed, a clock that can leap, a disk that can fail, a server that can die, and a trace of all that happens.

Time is virtual: hours pass in a fraction of a second, and nothing depends on the machine. Everything that is random comes from the
seed, so that a seed is a run, to the last turn of the event loop.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Final
from unittest import mock

from app.events import position
from app.events.delivery import cursor
from app.events.log import tail
from app.stores import memory
from app.stores.local import offsets, retention
from tests.simulation.disk import SimulatedStore
from tests.simulation.server import Server

EPOCH_US: Final = 1_700_000_000_000_000  # what the wall clock shows when a run begins


@dataclass(frozen=True)
class Size:
    """How large a run is; `seconds` is the virtual time in which the faults happen."""

    readers: int = 20
    events: int = 300
    faults: int = 12
    seconds: float = 600


class World:
    """What all parts of a run share."""

    store: SimulatedStore

    def __init__(self, seed: int, size: Size) -> None:
        self.size = size
        self.random = Random(seed)
        self.leap_us = 0  # how far the wall clock is ahead
        self.is_over = False  # no fault and no event comes any more
        self.server: Server | None = None  # None while it is down
        self._trace = hashlib.sha256()

    @property
    def now(self) -> float:
        return asyncio.get_running_loop().time()

    @property
    def trace(self) -> str:
        """A digest of everything that was noted, in its order."""
        return self._trace.hexdigest()

    def note(self, *parts: object) -> None:
        """Add an event of the run to its trace."""
        self._trace.update(f"{self.now:.6f} {parts}\n".encode())

    async def pause(self, most_seconds: float) -> None:
        """Wait for a random time."""
        await asyncio.sleep(self.random.random() * most_seconds)

    async def start_server(self) -> None:
        """Start a server on the log, under a new epoch."""
        server = Server(self.store)
        await server.start()
        self.server = server
        self.note("started", server.log.head)

    # The functions of the module `time` that the product calls

    def time_ns(self) -> int:
        return (EPOCH_US + self.leap_us) * 1000 + self.monotonic_ns()

    def monotonic_ns(self) -> int:
        return round(self.now * 1_000_000_000)


@contextmanager
def simulated_world(seed: int, size: Size, retain_events: int, retain_seconds: float | None) -> Iterator[World]:
    """Make a world, and let the product live in it: its clocks, its chance, and bounds that few events reach."""
    world = World(seed, size)
    with (
        mock.patch.object(offsets, "time", world),
        mock.patch.object(retention, "time", world),
        mock.patch.object(position, "secrets", world.random),
        mock.patch.object(tail, "TAIL_EVENTS", 20),
        mock.patch.object(cursor, "PAGE_EVENTS", 8),
        mock.patch.object(memory, "EXAMINED_PER_READ", 25),
    ):
        world.store = SimulatedStore(world.random, retain_events, retain_seconds)
        yield world
