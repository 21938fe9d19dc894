"""The promises of a SQLite log beyond those of every store: it survives a restart, and faults."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from app.events.errors import EventIdConflict, StoreUnavailable
from app.events.event import Event
from app.events.filter import EVERYTHING
from app.events.log.event_store import BelowFloor, Commit, Counted
from app.events.position import Floor, Position
from app.stores.sqlite import deletion, store
from app.stores.sqlite.file import connections, wal
from app.stores.sqlite.store import SqliteStore
from tests.events.logs import event, run
from tests.stores.opened import ids, offsets, opening

CANNOT_WRITE = r"^The log cannot be written now; try again later\.$"
CANNOT_READ = r"^The log cannot be read now; try again later\.$"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


def numbered(first: int, last: int) -> list[Event]:
    return [event(f"e{number}") for number in range(first, last + 1)]


# Restarts


def test_a_restart_keeps_everything(path: Path) -> None:
    async def work() -> None:
        async with opening(SqliteStore(path)) as log:
            stored = await log.append(*numbered(1, 100))
        async with opening(SqliteStore(path)) as log:
            assert log.opened.head == 100
            assert log.opened.floor == Floor(0, 0)
            assert await log.events() == stored

    run(work())


def test_every_start_opens_an_epoch_and_events_keep_theirs(path: Path) -> None:
    async def work() -> None:
        epochs = []
        for start in range(4):
            async with opening(SqliteStore(path)) as log:
                epochs.append(log.opened.epochs.open)
                if start != 1:  # one epoch in which nothing is written
                    await log.append(event(f"a{start}"), event(f"b{start}"))
        async with opening(SqliteStore(path)) as log:
            first, second, third, fourth = epochs
            assert [epoch.first_offset for epoch in epochs] == [1, 3, 3, 5]
            assert len({epoch.name for epoch in epochs}) == 4
            written_in = [first.name, first.name, third.name, third.name, fourth.name, fourth.name]
            assert [e.epoch for e in await log.events()] == written_in
            issued = [
                Position(first.name, 0),
                Position(first.name, 2),
                Position(second.name, 2),
                Position(third.name, 4),
            ]
            assert [log.opened.epochs.lost(position, log.opened.head) for position in issued] == [None] * 4

    run(work())


def test_a_new_epoch_is_on_record_when_open_returns(path: Path) -> None:
    async def work() -> None:
        async with opening(SqliteStore(path)) as log:
            with closing(sqlite3.connect(path)) as other:
                recorded = other.execute("SELECT name, first_offset FROM epochs").fetchall()
            assert recorded == [log.opened.epochs.open]

    run(work())


def test_a_duplicate_is_recognised_after_a_restart(path: Path) -> None:
    async def work() -> None:
        async with opening(SqliteStore(path)) as log:
            [first] = await log.append(event("a"))
        async with opening(SqliteStore(path)) as log:
            [again] = await log.store.append([event("a")])
            assert again == (first, True)
            with pytest.raises(EventIdConflict):
                await log.append(event("a", "order.cancelled"))
            assert len(await log.events()) == 1

    run(work())


def test_a_restored_backup_knows_its_own_ids_and_no_later_ones(path: Path, tmp_path: Path) -> None:
    async def work() -> None:
        async with opening(SqliteStore(path)) as log:
            first = log.opened.epochs.open.name
            await log.append(*numbered(1, 10))
            back_up(path, tmp_path / "backup.db")
            await log.append(*numbered(11, 15))
        async with opening(SqliteStore(path)) as log:
            second = log.opened.epochs.open.name
            await log.append(event("e16"))
        async with opening(SqliteStore(tmp_path / "backup.db")) as log:
            assert log.opened.head == 10
            [stored] = await log.append(event("other"))
            verdicts = {
                position: log.opened.epochs.lost(position, stored.offset)
                for position in (Position(first, 10), Position(first, 11), Position(first, 15), Position(second, 16))
            }
            assert [*verdicts.values()] == [None, "ahead", "ahead", "foreign"]
            assert log.opened.epochs.lost(stored.position, stored.offset) is None

    run(work())


def test_times_do_not_decrease_across_restarts(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        real = time.time_ns
        async with opening(SqliteStore(path, retain_events=1)) as log:
            [first] = await log.append(event("a"))
        monkeypatch.setattr(time, "time_ns", lambda: real() - 3600 * 10**9)
        async with opening(SqliteStore(path, retain_events=1)) as log:
            [second] = await log.append(event("b"))
            assert second.stored_at_us == first.stored_at_us

    run(work())


def test_offsets_and_times_go_on_if_every_event_was_deleted(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        real = time.time_ns
        async with opening(SqliteStore(path, retain_seconds=0.01)) as log:
            *_, last = await log.append(*numbered(1, 10))
            await log.until(lambda: log.floor.offset == 10)
        monkeypatch.setattr(time, "time_ns", lambda: real() - 3600 * 10**9)
        async with opening(SqliteStore(path)) as log:
            assert log.opened.head == 10
            assert log.opened.floor == Floor(10, last.stored_at_us)
            assert log.opened.epochs.open.first_offset == 11
            [stored] = await log.append(event("a"))
            assert (stored.offset, stored.stored_at_us) == (11, last.stored_at_us)

    run(work())


# Retention


def test_a_smaller_limit_takes_hold_piece_by_piece(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        async with opening(SqliteStore(path)) as log:
            await log.append(*numbered(1, 95))
        monkeypatch.setattr(deletion, "DELETED_AT_ONCE", 20)
        async with opening(SqliteStore(path, retain_events=10)) as log:
            assert log.opened.floor == Floor(0, 0)
            await log.until(lambda: log.floor.offset == 85)
            assert [commit.floor.offset for commit in log.commits] == [20, 40, 60, 80, 85]
            assert offsets(await log.events()) == list(range(86, 96))
        async with opening(SqliteStore(path, retain_events=10)) as log:
            assert log.opened.floor.offset == 85
            with pytest.raises(BelowFloor):
                await log.page(84)

    run(work())


def test_appends_go_on_while_much_is_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def deleted_before_an_append(path: Path) -> int:
        async with opening(SqliteStore(path)) as log:
            await log.append(*numbered(1, 2000))
        with monkeypatch.context() as patch:
            patch.setattr(deletion, "DELETED_AT_ONCE", 10)
            async with opening(SqliteStore(path, retain_events=100)) as log:
                [stored] = await log.append(event("new"))
                assert stored.offset == 2001
                await log.until(lambda: log.floor.offset == 1901)
                return next(commit.floor.offset for commit in log.commits if commit.events)

    # On a busy machine all may be deleted before the append is asked for, but not time and again.
    assert any(run(deleted_before_an_append(tmp_path / f"{number}.db")) < 1901 for number in range(20))


def test_a_smaller_age_takes_hold_on_an_idle_log(path: Path) -> None:
    async def work() -> None:
        async with opening(SqliteStore(path)) as log:
            await log.append(*numbered(1, 20))
        async with opening(SqliteStore(path, retain_seconds=0.01)) as log:
            await log.until(lambda: log.floor.offset == 20)
            assert log.committed == []

    run(work())


# Durability


def test_a_commit_is_in_the_file_before_it_is_reported(path: Path) -> None:
    async def work() -> None:
        unseen: list[Commit] = []

        def on_commit(commit: Commit) -> None:
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as other:
                [(newest,)] = other.execute("SELECT max(offset) FROM events")
            if newest < commit.events[-1].offset:
                unseen.append(commit)

        store = SqliteStore(path)
        await store.open(on_commit)
        await asyncio.gather(*(store.append(numbered(number, number)) for number in range(200)))
        await store.close()
        assert unseen == []

    run(work())


def test_a_commit_waits_for_the_disk(path: Path) -> None:
    """Without a power cut only the setting shows it: 2 is FULL, which syncs the WAL at every commit."""

    async def work() -> None:
        store = SqliteStore(path)
        async with opening(store):
            connection = store._writer._transactions._connection
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
            assert connection.execute("PRAGMA synchronous").fetchone() == (2,)

    run(work())


def test_requests_that_wait_share_a_commit(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "BUSY_MS", 60_000)

    async def work() -> None:
        async with opening(SqliteStore(path)) as log:
            with held_up(path):
                appends = [asyncio.create_task(log.append(e)) for e in numbered(1, 500)]
                await asyncio.sleep(0)  # each of them has now called append
            await asyncio.gather(*appends)
            assert len(log.commits) <= 2  # the one that was held up, and one for all requests that came meanwhile
            assert offsets(log.committed) == list(range(1, 501))

    run(work())


# Faults


def test_a_log_that_cannot_be_written_is_read_on_and_recovers(path: Path) -> None:
    async def work() -> None:
        async with opening(SqliteStore(path)) as log:
            stored = await log.append(event("a"))
            with unable_to_insert(path):
                outcomes = await asyncio.gather(*(log.append(event(f"b{n}")) for n in range(9)), return_exceptions=True)
                assert {type(outcome) for outcome in outcomes} == {StoreUnavailable}
                with pytest.raises(StoreUnavailable, match=CANNOT_WRITE):
                    await log.append(event("c"))
                assert await log.events() == stored
                [again] = await log.store.append([event("a")])
                assert again.duplicate
            [after] = await log.append(event("c"))
            assert after.offset == 2
            assert log.committed == [*stored, after] == await log.events()

    run(work())


def test_a_log_that_cannot_be_read_is_written_on_and_recovers(path: Path) -> None:
    async def work() -> None:
        async with opening(SqliteStore(path)) as log:
            await log.append(event("a"))
            with unable_to_read_the_floor(path):
                with pytest.raises(StoreUnavailable, match=CANNOT_READ):
                    await log.page(0)
                with pytest.raises(StoreUnavailable, match=CANNOT_READ):
                    await log.store.offset_before(0)
                await log.append(event("b"))
            assert ids(await log.events()) == ["a", "b"]

    run(work())


def test_a_crowd_that_counts_leaves_a_thread_for_readers(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    may_count = threading.Event()
    counting: list[None] = []

    def count(*_: object, **__: object) -> Counted:
        counting.append(None)
        assert may_count.wait(60)
        return Counted({}, 1)

    monkeypatch.setattr(store, "count_events", count)

    async def work() -> None:
        async with opening(SqliteStore(path)) as log:
            await log.append(event("a"))
            counts = [asyncio.create_task(log.store.count(0, 1, EVERYTHING, 1)) for _ in range(4)]
            try:
                assert ids(await asyncio.wait_for(log.events(), 30)) == ["a"]
                assert len(counting) <= 1
            finally:
                may_count.set()
            assert await asyncio.gather(*counts) == [Counted({}, 1)] * 4

    run(work())


def test_a_broken_connection_is_replaced(path: Path) -> None:
    async def work() -> None:
        store = SqliteStore(path)
        async with opening(store) as log:
            await log.append(event("a"))
            store._writer._transactions._connection.close()
            with pytest.raises(StoreUnavailable, match=CANNOT_WRITE):
                await log.append(event("b"))
            [stored] = await log.append(event("c"))
            assert stored.offset == 2
            assert ids(await log.events()) == ["a", "c"]

    run(work())


def test_another_log_in_place_of_a_lost_one_is_not_written(path: Path, tmp_path: Path) -> None:
    async def work() -> None:
        backup = tmp_path / "backup.db"
        store = SqliteStore(path)
        async with opening(store) as log:
            await log.append(event("a"))
            back_up(path, backup)
            await log.append(event("b"))
            store._writer._transactions._connection.close()
            backup.replace(path)
            for event_id in ("c", "d"):
                with pytest.raises(StoreUnavailable, match=CANNOT_WRITE):
                    await log.append(event(event_id))

    run(work())


def test_text_that_sqlite_cannot_hold_is_an_error_of_its_caller_only(path: Path) -> None:
    async def work() -> None:
        async with opening(SqliteStore(path)) as log:
            with pytest.raises(UnicodeEncodeError):
                await log.append(event("a"), Event("order.shipped", "1.0.0", "b", "or_1", '"\ud800"'))
            [stored] = await log.append(event("c"))
            assert [stored] == await log.events()

    run(work())


def test_a_closed_log_is_not_read(path: Path) -> None:
    async def work() -> None:
        store = SqliteStore(path)
        async with opening(store):
            pass
        with pytest.raises(StoreUnavailable, match=r"^The log is not open\.$"):
            await store.read(0, 1, EVERYTHING, 1)
        with pytest.raises(StoreUnavailable, match=r"^The log is not open\.$"):
            await store.offset_before(0)

    run(work())


def test_closing_leaves_no_wal_file(path: Path) -> None:
    async def work() -> None:
        async with opening(SqliteStore(path)) as log:
            await asyncio.gather(log.append(*numbered(1, 100)), *(log.page(0) for _ in range(10)))
        assert sorted(file.name for file in path.parent.iterdir()) == ["log.db", "log.db.lock", "log.db.mark"]

    run(work())


def test_a_wal_file_that_a_read_held_up_shrinks_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        limit = 1024 * 1024
        monkeypatch.setattr(wal, "WAL_BYTES", limit)
        async with opening(SqliteStore(path)) as log:
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)) as other:
                other.execute("BEGIN")
                other.execute("SELECT count(*) FROM events").fetchone()
                number = 0
                while wal_bytes(path) < 2 * limit:
                    number += 1
                    await log.append(*numbered(number * 500, number * 500 + 499))
            appended = 0
            while wal_bytes(path) > limit:
                appended += 1
                await log.append(event(f"after-{appended}"))
            assert len(await log.events()) == number * 500 + appended

    run(work())


def wal_bytes(path: Path) -> int:
    return Path(f"{path}-wal").stat().st_size


def back_up(path: Path, backup: Path) -> None:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as source, closing(sqlite3.connect(backup)) as copy:
        source.backup(copy)


@contextmanager
def held_up(path: Path) -> Iterator[None]:
    """Let every commit wait for another connection that writes."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def unable_to_insert(path: Path) -> Iterator[None]:
    """Make every insert fail, as a full disk does, from another connection."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(FAIL, 'full'); END")
        yield
        other.execute("DROP TRIGGER full")


@contextmanager
def unable_to_read_the_floor(path: Path) -> Iterator[None]:
    """Make every read fail from another connection; only a deletion writes the floor."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("ALTER TABLE floor RENAME TO gone")
        yield
        other.execute("ALTER TABLE gone RENAME TO floor")
