"""A node's copy of a shared log whose files are damaged: it serves what the log has, or nothing, and can be made anew."""

from __future__ import annotations

import random
from collections.abc import Awaitable
from pathlib import Path
from typing import TypeVar

from app.events.errors import StoreUnavailable
from app.events.event import StoredEvent
from app.events.filter import EVERYTHING, Filter
from app.events.position import Epoch, Epochs
from app.stores.replica.node_copy.local_copy import LocalCopy
from tests.stores.damage import DAMAGES, NAME, copy_of

EPOCHS = Epochs([Epoch("aaaaaaaa", 1)])
KEY = b"sixteen bytes..."
SEEDS = 30
FILTERS = [
    EVERYTHING,
    *(Filter(order_ids=frozenset({f"or_{n}"})) for n in (0, 7, 39)),
    Filter(owners=frozenset({"o-1"})),
]

T = TypeVar("T")


def event(offset: int) -> StoredEvent:
    order_id, owner = f"or_{offset * 7 % 40}", f"o-{offset % 3}"
    data = f'{{"orderId":"{order_id}","n":{offset}}}'
    return StoredEvent(offset, "aaaaaaaa", "order.shipped", "1.0.0", f"event-{offset}", order_id, offset, data, owner)


async def write(folder: Path) -> tuple[Path, Path]:
    """Write a copy of 1,500 events, 300 of them deleted. Returns its files as a crash leaves them, and as a clean end does."""
    live = folder / "live"
    live.mkdir()
    for last in (600, 1500):
        copy = LocalCopy(live / NAME)
        state = await copy.open() or await copy.begin(EPOCHS, 0, KEY)
        for first in range(state.head + 1, last, 25):
            await copy.add([event(offset) for offset in range(first, first + 25)], None, max(0, first - 1176))
        await copy.find([("o-1", "event-1")])
        crashed = copy_of(live, folder / "crashed")
        await copy.close()
    return crashed, copy_of(live, folder / "ended")


async def served(reading: Awaitable[T], otherwise: T) -> T:
    try:
        return await reading
    except StoreUnavailable:
        return otherwise


async def faults_of(copy: LocalCopy) -> list[str]:
    """Return what an open copy serves that is not in the log."""
    faults = []
    floor, head = copy.state.floor.offset, copy.state.head
    for filter in FILTERS:
        expected = [each for each in map(event, range(floor + 1, head + 1)) if filter.matches(each)]
        found, after = list[StoredEvent](), floor
        while after < head:
            page = await served(copy.read(after, head, filter, 100), None)
            if page is None:
                break
            found += page.events
            after = page.through
        if found != expected[: len(found)] or (after == head and found != expected):
            faults.append(f"{len(found)} events instead of {len(expected)} for {filter}")
    for offset in range(floor + 1, head + 1, 97):
        found_by_id = await served(copy.find([event(offset).key]), {event(offset).key: event(offset)})
        if found_by_id != {event(offset).key: event(offset)}:
            faults.append(f"the event at {offset} is not found by its id")
    return faults


async def test_a_damaged_copy_serves_nothing_wrong(tmp_path: Path) -> None:
    folders = await write(tmp_path)
    outcomes = set()
    for seed in range(SEEDS):
        chance = random.Random(seed)
        folder = copy_of(chance.choice(folders), tmp_path / f"{seed}")
        damage = chance.choice(DAMAGES)
        file = chance.choice([NAME, NAME, *names_in(folder)])
        damage(folder / file, chance)
        copy = LocalCopy(folder / NAME)
        state = await copy.open()
        if state is not None:
            assert await faults_of(copy) == [], f"seed {seed}: {damage.__name__} {file}"
        else:
            await copy.begin(EPOCHS, 0, KEY)
            await copy.add([event(1)])
        outcomes.add(state is None)
        await copy.close()
    assert outcomes == {True, False}, "some damage makes a copy unusable, and some does not"


def names_in(folder: Path) -> list[str]:
    return [
        file.name
        for file in sorted(folder.iterdir())
        if file.suffix not in {".lock", ".db-shm"} and file.stat().st_size
    ]
