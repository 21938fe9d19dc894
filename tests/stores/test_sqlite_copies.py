"""Verifying a log, backing it up while it is written, and putting a backup in its place."""

from __future__ import annotations

import asyncio
import errno
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from app.events.errors import StoreRefused
from app.events.event import StoredEvent
from app.stores.sqlite.copies import backup, restore
from app.stores.sqlite.store import SqliteStore
from app.stores.sqlite.verification import Verified, verify
from tests.events.logs import event, run
from tests.stores.damage import copy_of
from tests.stores.older_logs import FORMAT_1
from tests.stores.opened import OpenStore, ids, opening


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


def write(path: Path, first: int = 1, last: int = 600, **limits: int) -> list[StoredEvent]:
    async def work() -> list[StoredEvent]:
        async with opening(SqliteStore(path, **limits)) as log:
            stored = await log.append(*(event(f"e{n}", order_id=f"or_{n % 9}") for n in range(first, last + 1)))
            return stored[-limits["retain_events"] :] if limits else stored

    return run(work())


def alter(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


# Verifying


def test_a_sound_log_is_verified(path: Path) -> None:
    stored = write(path, last=700, retain_events=300)
    assert verify(path) == Verified(300, stored[0].id, stored[-1].id)


def test_an_empty_log_is_verified(path: Path) -> None:
    write(path, last=0)
    assert verify(path) == Verified(0, None, None)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET data = replace(data, '2024', '2025') WHERE offset = {0}",
        "UPDATE events SET order_id = 'or_x' WHERE offset = {0}",
        "UPDATE events SET event_type = 'order.cancelled' WHERE offset = {0}",
        "UPDATE events SET schema_version = '1.0.1' WHERE offset = {0}",
        "UPDATE events SET stored_at_us = stored_at_us + 1 WHERE offset = {0}",
        "UPDATE events SET epoch = 'aaaaaaaa' WHERE offset = {0}",
        "UPDATE events SET event_id = 'another' WHERE offset = {0}",
        "DELETE FROM events WHERE offset = {0}",
    ],
)
@pytest.mark.parametrize("offset", [1, 256, 257, 599, 600])
def test_the_first_bad_event_is_named(path: Path, statement: str, offset: int) -> None:
    stored = write(path)
    alter(path, statement.format(offset))
    with pytest.raises(StoreRefused, match=rf"is damaged; the first bad event is {stored[offset - 1].id}: .*\.$"):
        verify(path)


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE floor SET offset = 1", "newest deleted event"),
        ("DELETE FROM floor", "newest deleted event"),
        ("UPDATE epochs SET first_offset = 2", "record of its epochs"),
        ("UPDATE epochs SET name = 'aaaaaaaa'", "record of its epochs"),
        ("UPDATE blocks SET checksum = 1 WHERE number = 1", "description of the events after offset 256"),
        ("DELETE FROM blocks WHERE number = 1", "description of the events after offset 256"),
        ("DELETE FROM blocks", "description of its events"),
        ("UPDATE id_key SET key = zeroblob(16)", "key of its opaque ids"),
        ("DELETE FROM id_key", "key of its opaque ids"),
    ],
)
def test_a_bad_record_is_found_by_verify_and_by_a_start(path: Path, statement: str, found: str) -> None:
    write(path)
    alter(path, statement)
    for act in (verify, lambda path: run(SqliteStore(path).open(lambda _: None))):
        with pytest.raises(StoreRefused, match=f"is damaged.*{found}"):
            act(path)


def test_a_lost_end_is_found_by_the_mark(path: Path) -> None:
    write(path)
    shutil.copy(path, path.with_name("earlier.db"))
    stored = write(path, 601, 610)
    path.with_name("earlier.db").replace(path)
    with pytest.raises(StoreRefused, match=r"its last 10 events are gone"):
        verify(path)
    assert stored[-1].offset == 610


def test_a_log_without_checksums_is_not_verified(path: Path) -> None:
    shutil.copy(FORMAT_1, path)
    with pytest.raises(StoreRefused, match=r"has format 1, without checksums; start the server on it once\.$"):
        verify(path)


# Backup


def test_a_backup_is_made_while_the_log_is_written(path: Path, tmp_path: Path) -> None:
    async def publish(log: OpenStore, stop: asyncio.Event) -> int:
        number = 0
        while not stop.is_set():
            await log.append(*(event(f"w{number + place}") for place in range(3)))
            number += 3
        return number

    async def work() -> None:
        async with opening(SqliteStore(path)) as log:
            stop = asyncio.Event()
            publishing = asyncio.create_task(publish(log, stop))
            counts = [(await asyncio.to_thread(backup, path, tmp_path / f"backup-{n}.db")).events for n in range(10)]
            stop.set()
            number = await publishing
            everything = await log.events()
        assert counts == sorted(counts)
        assert counts[-1] <= number
        for place, count in enumerate(counts):
            assert count % 3 == 0, "the events of a request are there together"
            async with opening(SqliteStore(tmp_path / f"backup-{place}.db")) as copy:
                assert await copy.events() == everything[:count]

    run(work())


def test_a_backup_replaces_an_older_one_and_nothing_else(path: Path, tmp_path: Path) -> None:
    write(path)
    file = tmp_path / "backup.db"
    backup(path, file)
    write(path, 601, 700)
    assert backup(path, file).events == 700
    other = tmp_path / "notes.txt"
    other.write_text("not a log")
    with pytest.raises(StoreRefused, match="is not a backup, and is not replaced"):
        backup(path, other)
    assert other.read_text() == "not a log"
    assert not [*tmp_path.glob("*.partial")]


def test_a_damaged_log_makes_no_backup(path: Path, tmp_path: Path) -> None:
    write(path)
    file = tmp_path / "backup.db"
    backup(path, file)
    before = file.read_bytes()
    alter(path, "UPDATE events SET data = '{}' WHERE offset = 300")
    with pytest.raises(StoreRefused, match=rf"{path}.*is damaged; the first bad event is"):
        backup(path, file)
    assert file.read_bytes() == before
    assert not [*tmp_path.glob("*.partial")]


# Restoring


def test_a_backup_is_restored_and_the_replaced_file_is_kept(path: Path, tmp_path: Path) -> None:
    async def work() -> None:
        async with opening(SqliteStore(path)) as log:
            stored = await log.append(*(event(f"e{n}") for n in range(100)))
            backup(path, tmp_path / "backup.db")
            [lost] = await log.append(event("lost"))
            id_key = log.opened.id_key
        alter(path, "DELETE FROM events WHERE offset = 50")
        assert restore(tmp_path / "backup.db", path).events == 100
        async with opening(SqliteStore(path)) as log:
            assert ids(await log.events()) == ids(stored)
            assert log.opened.epochs.lost(lost.position, log.opened.head) == "ahead"
            assert log.opened.id_key == id_key
            [new] = await log.append(event("new"))
            assert new.position != lost.position
        assert (tmp_path / "log.db.replaced").exists()
        with pytest.raises(StoreRefused, match=r"log\.db\.replaced' is there from an earlier time; move it away\.$"):
            restore(tmp_path / "backup.db", path)

    run(work())


def test_a_backup_is_restored_if_no_log_is_there(path: Path, tmp_path: Path) -> None:
    stored = write(path)
    backup(path, tmp_path / "backup.db")
    restore(tmp_path / "backup.db", tmp_path / "new.db")
    assert verify(tmp_path / "new.db") == Verified(600, stored[0].id, stored[-1].id)


@pytest.mark.parametrize("failing", [1, 2])
def test_a_disk_that_fails_during_a_restore_leaves_a_log_that_starts(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    write(path, last=300)
    backup(path, tmp_path / "backup.db")
    write(path, first=301)
    syncs = 0

    def sync(_path: Path, _flags: int) -> None:
        nonlocal syncs
        syncs += 1
        if syncs == failing:
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("app.stores.sqlite.copies._sync", sync)
    with pytest.raises(StoreRefused, match="Input/output error"):
        restore(tmp_path / "backup.db", path)
    events = {1: 600, 2: 300}[failing]  # the second sync is the folder's: the backup has the name already
    assert verify(path).events == events
    write(path, first=601, last=601)  # neither a second name nor the mark of the other log refuses a start
    assert verify(path).events == events + 1


def test_a_live_log_is_not_replaced(path: Path, tmp_path: Path) -> None:
    async def work() -> None:
        async with opening(SqliteStore(path)) as log:
            stored = await log.append(event("a"))
            backup(path, tmp_path / "backup.db")
            for wal in (True, False):
                if not wal:
                    store = log.store
                    assert isinstance(store, SqliteStore)
                    store._file.writer.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                with pytest.raises(StoreRefused, match=r"beside it\." if wal else r"is in use by another process, "):
                    restore(tmp_path / "backup.db", path)
            assert await log.events() == stored

    run(work())


def test_a_log_that_crashed_is_not_replaced_beside_its_wal(path: Path, tmp_path: Path) -> None:
    async def work() -> None:
        (tmp_path / "live").mkdir()
        async with opening(SqliteStore(tmp_path / "live" / "log.db")) as log:
            await log.append(event("a"))
            backup(tmp_path / "live" / "log.db", tmp_path / "backup.db")
            await log.append(event("b"))
            copy_of(tmp_path / "live", tmp_path)
        with pytest.raises(StoreRefused, match=r"-wal' beside it\. Start the server on it once and stop it"):
            restore(tmp_path / "backup.db", path)

    run(work())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.write_text("not a log"),
        lambda file: alter(file, "PRAGMA application_id = 7"),
        lambda file: alter(file, "UPDATE events SET data = '{}' WHERE offset = 7"),
        lambda file: file.write_bytes(file.read_bytes()[:-4096]),
    ],
    ids=["text", "another application's", "damaged", "cut"],
)
def test_a_file_that_is_not_a_sound_log_is_not_restored(
    path: Path, tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    write(path)
    file = tmp_path / "backup.db"
    backup(path, file)
    spoil(file)
    before = path.read_bytes()
    with pytest.raises(StoreRefused, match=r"backup\.db'"):
        restore(file, path)
    assert path.read_bytes() == before
    assert not [*tmp_path.glob("*.partial")]
