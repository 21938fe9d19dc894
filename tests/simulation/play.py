"""One seed, one run: publishers, readers and faults on one log, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final, TypeAlias

from app.events.errors import Draining, StoreUnavailable
from app.events.event import Event
from tests.events.logs import VirtualTime
from tests.simulation.checker import faults_of
from tests.simulation.reader import ORDERS, TYPES, Reader
from tests.simulation.server import NoAnswerError
from tests.simulation.world import Size, World, simulated_world

PUBLISHERS: Final = 4
LARGEST_BATCH: Final = 6
RETRY_SECONDS: Final = 3.0
LONGEST_DOWN_SECONDS: Final = 10.0
LONGEST_FAULT_SECONDS: Final = 60.0
LARGEST_LEAP_US: Final = 3600 * 1_000_000

SMALL: Final = Size()

Fault: TypeAlias = Callable[[World], Awaitable[None]]


@dataclass(frozen=True)
class Outcome:
    """What a run came to: its faults, none if every promise held, and the digest of everything that happened."""

    seed: int
    faults: list[str]
    trace: str
    sessions: int
    gaps: int


def simulate(seed: int, size: Size = SMALL) -> Outcome:
    """Run a seed in virtual time."""
    unseen: list[object] = []  # of callbacks and tasks whose errors nobody awaits
    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        runner.get_loop().set_exception_handler(lambda _loop, context: unseen.append(context))
        outcome = runner.run(_run(seed, size))
    outcome.faults.extend(map(repr, unseen))
    return outcome


async def _run(seed: int, size: Size) -> Outcome:
    chance = Random(seed)
    retain_events, retain_seconds = chance.choice((40, 150, 100_000)), chance.choice((None, None, 120.0))
    with simulated_world(seed, size, retain_events, retain_seconds) as world:
        await world.start_server()
        acknowledged: dict[str, str] = {}
        readers = [Reader(world, f"r{number}", _first_id(world)) for number in range(size.readers)]
        reading = [asyncio.create_task(reader.read()) for reader in readers]
        publishing = [asyncio.create_task(_publish(world, number, acknowledged)) for number in range(PUBLISHERS)]
        await _break_things(world)
        await asyncio.gather(*publishing)
        world.is_over = True
        await asyncio.gather(*reading)
    sessions = [session for reader in readers for session in reader.sessions]
    return Outcome(
        seed,
        [*faults_of(world.store.history, acknowledged, readers)],
        world.trace,
        len(sessions),
        sum(len(session.gaps) for session in sessions),
    )


def _first_id(world: World) -> str:
    assert world.server is not None
    return str(world.server.log.position(world.server.log.head))


async def _publish(world: World, publisher: int, acknowledged: dict[str, str]) -> None:
    """Publish in batches, each again and again until it is acknowledged."""
    random = world.random
    share = world.size.events // PUBLISHERS
    pause_seconds = 2 * world.size.seconds / max(1, share / (LARGEST_BATCH / 2))
    number = 0
    while number < share:
        batch = [
            _event(world, f"p{publisher}-{each}")
            for each in range(number, min(share, number + random.randint(1, LARGEST_BATCH)))
        ]
        while not await _is_stored(world, batch, acknowledged):
            await world.pause(RETRY_SECONDS)
        number += len(batch)
        await world.pause(pause_seconds)


async def _is_stored(world: World, batch: list[Event], acknowledged: dict[str, str]) -> bool:
    if world.server is None:
        return False
    try:
        appended = await world.server.answer(world.server.log.append(batch))
    except (NoAnswerError, Draining, StoreUnavailable):
        return False
    for event, (stored, _) in zip(batch, appended, strict=True):
        assert stored.event_id == event.event_id
        acknowledged[event.event_id] = stored.id
    world.note("stored", [stored.id for stored, _ in appended])
    return True


def _event(world: World, event_id: str) -> Event:
    event_type, order_id = world.random.choice(TYPES), world.random.choice(ORDERS)
    return Event(event_type, "1.0.0", event_id, order_id, f'{{"orderId":"{order_id}","when":"2024-05-01T10:00:00Z"}}')


async def _break_things(world: World) -> None:
    pause_seconds = 2 * world.size.seconds / world.size.faults
    for _ in range(world.size.faults):
        await world.pause(pause_seconds)
        name = world.random.choice(tuple(FAULTS))
        world.note("fault", name)
        await FAULTS[name](world)


async def _crash(world: World) -> None:
    server, world.server = world.server, None
    assert server is not None
    await server.crash()
    await world.pause(LONGEST_DOWN_SECONDS)
    await world.start_server()


async def _deploy(world: World) -> None:
    assert world.server is not None
    await world.server.drain()
    world.server = None
    await world.pause(LONGEST_DOWN_SECONDS)
    await world.start_server()


async def _refuse_writes(world: World) -> None:
    world.store.refuses_writes = True
    await world.pause(LONGEST_FAULT_SECONDS)
    world.store.refuses_writes = False


async def _refuse_reads(world: World) -> None:
    world.store.refuses_reads = True
    await world.pause(LONGEST_FAULT_SECONDS)
    world.store.refuses_reads = False


async def _slow_disk(world: World) -> None:
    world.store.slowness_seconds = 3.0
    await world.pause(LONGEST_FAULT_SECONDS)
    world.store.slowness_seconds = 0.01


async def _leap(world: World) -> None:
    world.leap_us += world.random.randint(-LARGEST_LEAP_US, LARGEST_LEAP_US)


FAULTS: Final[Mapping[str, Fault]] = {
    "crash": _crash,
    "deploy": _deploy,
    "refuse writes": _refuse_writes,
    "refuse reads": _refuse_reads,
    "slow disk": _slow_disk,
    "clock leaps": _leap,
}
