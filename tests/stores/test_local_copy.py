"""A node's copy of a shared log: what is added, deleted and cut, and what becomes of a file that cannot be used."""

from __future__ import annotations

import asyncio
import os
import random
import resource
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from app.events.errors import StoreRefused, StoreUnavailable
from app.events.event import StoredEvent
from app.events.filter import EVERYTHING, Filter
from app.events.log.event_store import BelowFloor
from app.events.position import Epoch, Epochs, Floor
from app.stores.replica.node_copy.copy_changes import CopyState
from app.stores.replica.node_copy.local_copy import LocalCopy
from app.stores.sqlite.event_blocks import shortened
from app.stores.sqlite.records import read_block, write_blocks
from app.stores.sqlite.store import SqliteStore
from tests.stores.opened import offsets, opening

KEY = b"sixteen bytes..."
FIRST = Epochs([Epoch("aaaaaaaa", 1)])
SECOND = Epochs([*FIRST, Epoch("bbbbbbbb", 301)])
SPAWN = get_context("spawn")


def stored(
    first: int, last: int, epoch: str = "aaaaaaaa", owner: str = "", at_us: int | None = None
) -> list[StoredEvent]:
    """Return the events of a log with the offsets `first` to `last`. Event n is stored at n ms, or at `at_us`."""
    return [
        StoredEvent(
            offset, epoch, "order.shipped", "1.0.0", f"event-{offset}", f"or_{offset % 7}",
            offset * 1000 if at_us is None else at_us, f'{{"orderId":"or_{offset % 7}","n":{offset}}}', owner,
        )
        for offset in range(first, last + 1)
    ]  # fmt: skip


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[tuple[LocalCopy, CopyState | None]]:
    copy = LocalCopy(path)
    state = await copy.open()
    try:
        yield copy, state
    finally:
        await copy.close()


@asynccontextmanager
async def begun(path: Path, deleted_through: int = 0) -> AsyncIterator[LocalCopy]:
    async with opened(path) as (copy, state):
        assert state is None
        await copy.begin(FIRST, deleted_through, KEY)
        yield copy


async def everything(copy: LocalCopy, filter: Filter = EVERYTHING) -> list[StoredEvent]:
    found: list[StoredEvent] = []
    after = copy.state.floor.offset
    while after < copy.state.head:
        page = await copy.read(after, copy.state.head, filter, 1000)
        found += page.events
        after = page.through
    return found


async def write(path: Path, count: int) -> None:
    async with begun(path) as copy:
        await copy.add(stored(1, count))


async def test_a_copy_is_as_it_was_when_it_is_opened_again_and_no_epoch_begins(tmp_path: Path) -> None:
    async with begun(tmp_path / "copy.db") as copy:
        commit = await copy.add(stored(1, 300))
        assert (list(commit.events), commit.floor, commit.epochs) == (stored(1, 300), Floor(0, 0), None)
        commit = await copy.add(stored(301, 301, "bbbbbbbb"), SECOND, 40)
        assert (commit.floor, commit.epochs) == (Floor(40, 40_000), SECOND)
        before = copy.state
    async with opened(tmp_path / "copy.db") as (copy, state):
        assert state == before
        assert (state.epochs, state.head, state.id_key) == (SECOND, 301, KEY)
        assert state.newest == stored(301, 301, "bbbbbbbb")[0]
        assert await everything(copy) == stored(41, 300) + stored(301, 301, "bbbbbbbb")
        assert offsets(await everything(copy, Filter(order_ids=frozenset({"or_0"})))) == list(range(42, 302, 7))
        assert await copy.offset_before(100_000) == 99
        with pytest.raises(BelowFloor):
            await copy.read(39, 301, EVERYTHING, 10)


async def test_epochs_may_begin_after_the_head_of_a_copy_that_is_behind(tmp_path: Path) -> None:
    async with opened(tmp_path / "copy.db") as (copy, _):
        await copy.begin(SECOND, 0, KEY)
        await copy.add(stored(1, 10))
    async with opened(tmp_path / "copy.db") as (copy, state):
        assert state is not None
        assert (state.epochs, state.head) == (SECOND, 10)


@pytest.mark.parametrize("through", [255, 256, 257, 300, 301, 512, 10_000])
async def test_a_deletion_may_pass_the_head(tmp_path: Path, through: int) -> None:
    async with begun(tmp_path / "copy.db") as copy:
        await copy.add(stored(1, 300))
        commit = await copy.add([], None, through)
        assert (commit.floor.offset, copy.state.head) == (through, max(300, through))
        after = copy.state.head
        await copy.add(stored(after + 1, after + 600))
    async with opened(tmp_path / "copy.db") as (copy, state):
        assert state is not None
        assert await everything(copy) == stored(through + 1, after + 600)


async def test_events_may_follow_a_deletion_that_passes_the_head(tmp_path: Path) -> None:
    async with begun(tmp_path / "copy.db", 20) as copy:
        assert (copy.state.head, copy.state.floor.offset) == (20, 20)
        await copy.add(stored(21, 30))
        assert copy.state.floor == Floor(20, 21_000), "the deleted events were stored before the first event"
        commit = await copy.add(stored(701, 703), None, 700)
        assert (copy.state.floor, commit.floor) == (Floor(700, 701_000), Floor(700, 701_000))
        assert await everything(copy) == stored(701, 703)
        with pytest.raises(ValueError, match="do not follow"):
            await copy.add(stored(706, 707), None, 704)
        assert await everything(copy) == stored(701, 703)


@pytest.mark.parametrize(("floor", "after"), [(0, 0), (40, 40), (40, 41), (40, 257), (40, 600), (256, 256), (512, 512)])
async def test_a_tail_that_the_log_has_lost_is_cut_and_other_events_follow(
    tmp_path: Path, floor: int, after: int
) -> None:
    first = stored(1, 600, owner="somebody else")
    other = [
        event._replace(event_type="order.cancelled", order_id=f"new_{event.offset % 7}")
        for event in stored(after + 1, after + 400, "bbbbbbbb", owner="somebody")
    ]
    async with begun(tmp_path / "copy.db") as copy:
        await copy.add(first, None, floor)
        await everything(copy, Filter(order_ids=frozenset({"or_1"})))
        assert (await copy.count(floor, 600, EVERYTHING, 10**6)).counts == {(0, "order.shipped"): 600 - floor}
        state = await copy.cut(after)
        assert (state.head, state.newest) == (after, first[after - 1] if after > floor else None)
        await copy.add(other, Epochs([*FIRST, Epoch("bbbbbbbb", after + 1)]))
        for order_id in ("new_0", "new_1", "or_0", "or_1"):
            only = Filter(order_ids=frozenset({order_id}))
            assert await everything(copy, only) == [e for e in first[floor:after] + other if only.matches(e)]
        counts = (await copy.count(floor, after + 400, EVERYTHING, 10**6)).counts
        assert sum(number for (_, type), number in counts.items() if type == "order.shipped") == after - floor
        assert sum(number for (_, type), number in counts.items() if type == "order.cancelled") == 400
    async with opened(tmp_path / "copy.db") as (copy, state_again):
        assert state_again is not None
        assert await everything(copy, Filter(owners=frozenset({"somebody"}))) == other
        for wrong in (floor - 1, after + 401):
            with pytest.raises(ValueError, match="could be cut"):
                await copy.cut(wrong)


async def test_a_copy_of_another_log_takes_the_place_of_the_first_while_it_is_read(tmp_path: Path) -> None:
    only = Filter(order_ids=frozenset({"or_1"}))
    async with begun(tmp_path / "copy.db") as copy:
        await copy.add(stored(1, 2000))
        reads = [asyncio.ensure_future(copy.read(0, 2000, only, 10)) for _ in range(20)]
        state = await copy.begin(Epochs([Epoch("cccccccc", 1)]), 0, KEY[::-1])
        assert (state.head, state.newest, state.id_key) == (0, None, KEY[::-1])
        await copy.add(stored(1, 5, "cccccccc"))
        await asyncio.gather(*reads)
        assert list((await copy.read(0, 2000, only, 10)).events) == stored(1, 1, "cccccccc"), "a page asked for before"
        copy.check()
        assert await everything(copy, only) == stored(1, 1, "cccccccc")
        assert await copy.find([("", "event-7")]) == {}


async def test_events_are_found_by_owner_and_id_and_the_newest_of_several_with_one_key(tmp_path: Path) -> None:
    again = stored(1201, 1201)[0]._replace(event_id="event-7")
    async with begun(tmp_path / "copy.db") as copy:
        await copy.add([*stored(1, 600), *stored(601, 1200, owner="somebody"), again])
        keys = [("", f"event-{n}") for n in range(1, 1001)] + [("somebody", "event-601"), ("somebody", "event-1")]
        found = await copy.find(keys)
        assert sorted(found) == sorted([*keys[:600], ("somebody", "event-601")])
        assert (found["", "event-7"], found["", "event-8"]) == (again, stored(8, 8)[0])


async def test_the_index_of_ids_is_made_when_the_copy_is_filled(tmp_path: Path) -> None:
    async with begun(tmp_path / "copy.db") as copy:
        await copy.add(stored(1, 600))
        assert not is_indexed(tmp_path / "copy.db"), "it would slow down the filling of the copy"
        assert await copy.find([("", "event-7")]) == {("", "event-7"): stored(7, 7)[0]}
        assert is_indexed(tmp_path / "copy.db")
        await copy.begin(FIRST, 0, KEY)
        assert not is_indexed(tmp_path / "copy.db")
        await copy.add(stored(1, 3))
    async with opened(tmp_path / "copy.db") as (copy, _):
        await copy.index()
        assert is_indexed(tmp_path / "copy.db")


def is_indexed(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        return bool(connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'events_by_id'").fetchone()[0])


async def test_a_change_that_fails_leaves_the_copy_as_it_was_and_can_be_repeated(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with begun(tmp_path / "copy.db") as copy:
        await copy.add(stored(1, 300))
        copy._changes._writer.connection.execute("PRAGMA max_page_count = 1")  # the disk is full
        with pytest.raises(StoreUnavailable):
            await copy.add(stored(301, 3000), SECOND, 40)
        assert (copy.state.epochs, await everything(copy)) == (FIRST, stored(1, 300))
        await copy.add(stored(301, 3000), SECOND, 40)
        assert (copy.state.epochs, await everything(copy)) == (SECOND, stored(41, 3000))
    lines = [record.getMessage() for record in caplog.records]
    assert ["cannot be written: database or disk is full" in lines[0], "can be written again" in lines[1]] == [
        True,
        True,
    ]


async def test_storing_times_never_decrease(tmp_path: Path) -> None:
    async with begun(tmp_path / "copy.db") as copy:
        await copy.add(stored(1, 5) + stored(6, 6, at_us=2))
    async with opened(tmp_path / "copy.db") as (copy, _):
        commit = await copy.add(stored(7, 7, at_us=1) + stored(8, 8))
        assert [event.stored_at_us for event in commit.events] == [5000, 8000]
        assert [event.stored_at_us for event in await everything(copy)] == [
            1000,
            2000,
            3000,
            4000,
            5000,
            5000,
            5000,
            8000,
        ]


def overwrite(path: Path, place: int, content: bytes) -> None:
    path.touch()
    with path.open("r+b") as file:
        file.seek(place)
        file.write(content)


def content_of(path: Path) -> bytes:
    return path.read_bytes()


def names_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def newer_format(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")


def lost_event(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM events WHERE offset = 300")


def older_block(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        write_blocks(connection, [shortened(read_block(connection, 1), 300)])


UNUSABLE: dict[str, Callable[[Path], None]] = {
    "torn": lambda path: os.truncate(path, 20_000),
    "a zeroed page": lambda path: overwrite(path, 4096 * 5, bytes(4096)),
    "a newer format": newer_format,
    "a schema that is not UTF-8": lambda path: overwrite(path, content_of(path).index(b"TABLE floor"), b"T\xb2BLE"),
    "an event is lost": lost_event,
    "a block is older": older_block,
}


@pytest.mark.parametrize("kind", UNUSABLE)
async def test_a_copy_that_cannot_be_used_is_made_anew(
    tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "copy.db"
    await write(path, 3000)
    UNUSABLE[kind](path)
    async with begun(path) as copy:
        await copy.add(stored(1, 3))
        assert await everything(copy) == stored(1, 3)
    [line] = [record.getMessage() for record in caplog.records]
    assert "cannot be used" in line
    assert "\n" not in line
    assert names_in(tmp_path) == ["copy.db", "copy.db.lock"]


@pytest.mark.parametrize("kind", ["a log", "a text", "a torn first page"])
async def test_a_file_that_is_not_a_copy_is_kept(tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "copy.db"
    if kind == "a log":
        async with opening(SqliteStore(path)):
            pass
    elif kind == "a text":
        overwrite(path, 0, b"dear to somebody\n" * 1000)
    else:
        await write(path, 10)
        overwrite(path, 0, bytes(4096))
    content = content_of(path)
    async with begun(path) as copy:
        await copy.add(stored(1, 3))
    [line] = [record.getMessage() for record in caplog.records]
    assert f"kept as {path}.kept-1" in line
    assert content_of(Path(f"{path}.kept-1")) == content
    async with opened(path) as (copy, state):
        assert state is not None
        assert state.head == 3


async def test_a_start_is_refused_only_if_the_place_is_locked_or_not_writable(tmp_path: Path) -> None:
    async with begun(tmp_path / "copy.db"):
        with pytest.raises(StoreRefused, match="in use by another process"):
            await LocalCopy(tmp_path / "copy.db").open()
    for place in (tmp_path, tmp_path / "missing" / "copy.db"):
        with pytest.raises(StoreRefused):
            await LocalCopy(place).open()
    with pytest.raises(StoreRefused, match="another application"):
        await SqliteStore(tmp_path / "copy.db").open(lambda _commit: None)


async def test_nothing_damaged_is_served_and_the_next_start_makes_the_copy_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "copy.db"
    await write(path, 3000)
    place = content_of(path).index(b'"n":1234}')
    async with opened(path) as (copy, state):
        assert state is not None
        overwrite(path, place, b'"n":9')
        copy.check()
        with pytest.raises(StoreUnavailable):
            await copy.read(1000, 2000, EVERYTHING, 1000)
        with pytest.raises(StoreUnavailable):
            copy.check()
        await copy.add(stored(3001, 3002))
        assert list((await copy.read(2998, 3002, EVERYTHING, 10)).events) == stored(2999, 3002)
    assert "makes it anew" in caplog.text
    async with begun(path) as copy:
        copy.check()


def add_for_ever(path: Path, sender: Connection) -> None:
    async def work() -> None:
        async with opened(path) as (copy, state):
            head = (state or await copy.begin(FIRST, 0, KEY)).head
            chance = random.Random(head)
            while True:
                size = chance.randrange(1, 40)
                await copy.add(stored(head + 1, head + size), None, max(0, head - 2000))
                head += size
                sender.send(head)

    asyncio.run(work())


async def test_kill_9_leaves_an_intact_copy(tmp_path: Path) -> None:
    path, added = tmp_path / "copy.db", 0
    for goal in (300, 3000):
        receiver, sender = SPAWN.Pipe(duplex=False)
        process = SPAWN.Process(target=add_for_ever, args=(path, sender))
        process.start()
        sender.close()
        while added < goal:
            added = receiver.recv()
        process.kill()
        process.join()
        async with opened(path) as (copy, state):
            assert state is not None
            assert state.head >= added
            assert await everything(copy) == stored(state.floor.offset + 1, state.head)


def fill(path: Path, sender: Connection) -> None:
    async def work() -> None:
        async with begun(path) as copy:
            for first in range(1, 100_001, 1000):
                await copy.add(stored(first, first + 999))
                if first in {20_001, 99_001}:
                    sender.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)

    asyncio.run(work())


def test_filling_takes_the_same_memory_for_any_number_of_events(tmp_path: Path) -> None:
    receiver, sender = SPAWN.Pipe(duplex=False)
    process = SPAWN.Process(target=fill, args=(tmp_path / "copy.db", sender))
    process.start()
    sender.close()
    early_kilobytes, late_kilobytes = receiver.recv(), receiver.recv()
    process.join()
    assert process.exitcode == 0
    assert late_kilobytes < early_kilobytes + 8_000, "80,000 events take some 30,000 kilobytes in memory"
