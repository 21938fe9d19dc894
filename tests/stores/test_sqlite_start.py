"""The look that a start takes at a log: what SQLite recovers is recovered, and what does not fit is refused or reported."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app.events.errors import StoreRefused, StoreUnavailable
from app.events.event import StoredEvent
from app.events.filter import Filter
from app.stores.sqlite.file.mark import MarkFile
from app.stores.sqlite.store import SqliteStore
from tests.events.logs import CANCELLED, SHIPPED, event, run
from tests.stores.damage import copy_of
from tests.stores.opened import ids, opening

LINE = r"^The store '.*log\.db' is damaged: [^\n]*\. Restore a backup \(orders-events restore\), or move it [^\n]*\.$"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


def crashed(path: Path, count: int = 100) -> list[StoredEvent]:
    """Write a log, and leave its files as a crash does: the end, or all of a short log, is in the -wal file only."""
    live = path.parent / "live"
    live.mkdir()

    async def work() -> list[StoredEvent]:
        async with opening(SqliteStore(live / "log.db")) as log:
            stored = [(await log.append(event(f"e{n}", order_id=f"or_{n % 7}")))[0] for n in range(count)]
            copy_of(live, path.parent)
            return stored

    return run(work())


def closed(path: Path, count: int = 500) -> list[StoredEvent]:
    async def work() -> list[StoredEvent]:
        async with opening(SqliteStore(path)) as log:
            return await log.append(*(event(f"e{n}", order_id=f"or_{n % 7}") for n in range(count)))

    return run(work())


def all_ids(path: Path) -> list[str]:
    async def work() -> list[str]:
        async with opening(SqliteStore(path)) as log:
            return ids(await log.events())

    return run(work())


def overwrite(file: Path, at: int, content: bytes) -> None:
    with file.open("r+b") as opened:
        opened.seek(at)
        opened.write(content)


# What SQLite recovers


def test_a_destroyed_first_page_that_is_in_the_wal_file_is_recovered(path: Path) -> None:
    stored = crashed(path)
    overwrite(path, 0, bytes(512))
    assert all_ids(path) == ids(stored)


def test_a_shared_memory_file_is_not_needed(path: Path) -> None:
    stored = crashed(path)
    Path(f"{path}-shm").unlink()
    assert all_ids(path) == ids(stored)


# What does not fit


@pytest.mark.parametrize("bytes_cut", [1, 2000, 4096, 20_000])
def test_a_file_that_is_shorter_than_its_header_says_is_refused(path: Path, bytes_cut: int) -> None:
    closed(path)
    os.truncate(path, path.stat().st_size - bytes_cut)
    with pytest.raises(
        StoreRefused, match=r"is damaged: it has \d+ bytes, and its header says|malformed|not a database"
    ):
        all_ids(path)


def test_a_file_that_is_gone_beside_its_wal_file_is_refused_and_the_wal_file_is_kept(path: Path) -> None:
    crashed(path)
    wal = Path(f"{path}-wal")
    content = wal.read_bytes()
    for empty in (False, True):
        path.unlink()
        if empty:
            path.touch()
        with pytest.raises(
            StoreRefused, match=rf"is missing or empty, but '.*-wal' holds {len(content)} bytes of it\. "
        ):
            all_ids(path)
        assert wal.read_bytes() == content
        path.touch()


def test_an_older_file_beside_a_newer_wal_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "live").mkdir()
    path = tmp_path / "live" / "log.db"
    closed(path)
    shutil.copy(path, tmp_path / "backup.db")

    async def work() -> None:
        async with opening(SqliteStore(path)) as log:
            for number in range(100):  # more than SQLite keeps in a WAL file
                await log.append(*(event(f"w{number}-{n}") for n in range(200)))
            copy_of(path.parent, tmp_path / "crashed")

    run(work())
    shutil.copy(tmp_path / "backup.db", tmp_path / "crashed" / "log.db")
    with pytest.raises(StoreRefused, match=LINE):
        all_ids(tmp_path / "crashed" / "log.db")


def test_a_rollback_journal_of_another_database_is_refused_and_not_applied(path: Path, tmp_path: Path) -> None:
    closed(path)
    written = path.read_bytes()
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other, isolation_level=None)) as connection:
        connection.execute(
            "PRAGMA cache_size = 1"
        )  # so that changes go to the file, and old pages to the journal, at once
        connection.execute("CREATE TABLE numbers (number INTEGER, text TEXT)")
        connection.executemany("INSERT INTO numbers VALUES (?, ?)", ((number, "x" * 500) for number in range(100)))
        connection.execute("BEGIN")
        connection.execute("UPDATE numbers SET number = number + 1")
        shutil.copy(f"{other}-journal", f"{path}-journal")
    with pytest.raises(
        StoreRefused, match=r"has an unfinished change in '.*log\.db-journal', which no server began\. Res"
    ):
        all_ids(path)
    assert path.read_bytes() == written


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def prevent_shared_memory(path: Path) -> None:
    """Let SQLite make no shared memory file beside a log, as on a full disk."""
    memory = Path(f"{path}-shm")
    memory.unlink(missing_ok=True)
    memory.symlink_to("/dev/null/nowhere")


@pytest.mark.parametrize("is_full", [False, True])
def test_a_wal_file_that_fits_only_a_newer_file_is_refused_and_nothing_is_changed(path: Path, *, is_full: bool) -> None:
    live = path.parent / "live"
    live.mkdir()
    closed(live / "log.db")
    older = (live / "log.db").read_bytes()
    closed_again, last = "abcdefghij" * 5, "k"

    async def work(names: str, into: Path | None = None) -> None:
        async with opening(SqliteStore(live / "log.db")) as log:
            for number, name in enumerate(names):
                await log.append(*(event(f"{name}{number}-{n}") for n in range(20)))
            if into is not None:
                copy_of(live, into)

    run(work(closed_again))
    run(work(last, path.parent))
    path.write_bytes(older)
    if is_full:
        prevent_shared_memory(path)
    before = contents(path.parent)
    with pytest.raises(StoreRefused, match=LINE):
        all_ids(path)
    assert contents(path.parent) == before


@pytest.mark.parametrize("is_full", [False, True])
@pytest.mark.parametrize("is_marked", [True, False])
def test_a_wal_file_of_another_log_is_refused_and_nothing_is_changed(
    path: Path, *, is_marked: bool, is_full: bool
) -> None:
    closed(path, 300)
    (path.parent / "other").mkdir()
    crashed(path.parent / "other" / "log.db", 100)
    (path.parent / "other" / "log.db-wal").rename(f"{path}-wal")
    if not is_marked:
        MarkFile(path).path.unlink()
    if is_full:
        prevent_shared_memory(path)
    before = contents(path.parent)
    with pytest.raises(StoreRefused, match=rf"the file '{path}-wal' beside it belongs to another log"):
        all_ids(path)
    assert contents(path.parent) == before


def test_a_file_with_another_mark_is_refused_before_its_wal_file_is_moved_into_it(path: Path, tmp_path: Path) -> None:
    crashed(path, 100)
    closed(tmp_path / "other.db", 100)
    MarkFile(tmp_path / "other.db").path.replace(MarkFile(path).path)
    before = contents(path.parent)
    with pytest.raises(StoreRefused, match="is not the one that the mark beside it names"):
        all_ids(path)
    assert contents(path.parent) == before


def test_a_damaged_event_at_the_end_refuses_the_start(path: Path) -> None:
    closed(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE events SET data = replace(data, '2024', '2025') WHERE offset = 480")
    with pytest.raises(StoreRefused, match="the event at offset 480 does not match its checksum"):
        all_ids(path)


# A lost end


def test_a_schema_that_is_not_utf_8_refuses_the_start(path: Path) -> None:
    closed(path)
    overwrite(path, path.read_bytes().index(b"TABLE floor"), b"T\xb2BLE")
    with pytest.raises(StoreRefused, match=LINE):
        all_ids(path)


def test_a_lost_end_is_reported_and_its_ids_are_not_resumed(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    stored = crashed(path, 200)
    wal = Path(f"{path}-wal")
    overwrite(wal, wal.stat().st_size * 9 // 10, b"\xff" * 8)

    async def work() -> None:
        async with opening(SqliteStore(path)) as log:
            head = log.opened.head
            assert 0 < head < 200
            assert await log.events() == stored[:head]
            [line] = [each.getMessage() for each in caplog.records if each.levelname == "ERROR"]
            assert f"is gone: {200 - head} events, through {stored[-1].id}." in line
            assert log.opened.epochs.lost(stored[-1].position, head) == "ahead"
            assert log.opened.epochs.lost(stored[head - 1].position, head) is None
            [new] = await log.append(event("new"))
            assert new.offset == stored[head].offset
            assert new.position != stored[head].position
        caplog.clear()
        async with opening(SqliteStore(path)) as log:  # it is said once
            assert not caplog.records

    run(work())


def test_a_log_without_its_mark_opens_with_a_warning(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    stored = closed(path)
    MarkFile(path).path.unlink()
    assert all_ids(path) == ids(stored)
    assert [each.levelname for each in caplog.records] == ["WARNING"]
    assert MarkFile(path).read() is not None


@pytest.mark.parametrize("content", [b"", b"\x00" * 64, b"k7f3q2ab-12 00000000 00000000", b"\xff" * 64])
def test_a_mark_that_cannot_be_read_is_no_mark(path: Path, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    stored = closed(path)
    MarkFile(path).path.write_bytes(content)
    assert all_ids(path) == ids(stored)
    assert [each.levelname for each in caplog.records] == ["WARNING"]


def test_another_log_in_the_place_of_the_marked_one_is_refused(path: Path, tmp_path: Path) -> None:
    closed(path, 10)
    other = tmp_path / "other.db"
    closed(other, 20)
    other.replace(path)
    with pytest.raises(StoreRefused, match="the event at offset 10 is not the one that the mark beside it names"):
        all_ids(path)


def test_a_mark_that_lags_behind_is_good(path: Path) -> None:
    closed(path, 10)
    mark = MarkFile(path).path.read_bytes()

    async def work() -> None:
        async with opening(SqliteStore(path)) as log:
            await log.append(event("more"))
        MarkFile(path).path.write_bytes(mark)
        async with opening(SqliteStore(path)) as log:
            assert log.opened.head == 11

    run(work())


# Damage that a running server comes upon


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET data = replace(data, '2024', '2025') WHERE offset = 100",
        "UPDATE events SET order_id = 'or_x' WHERE offset = 100",
        "UPDATE events SET event_type = 'order.cancelled' WHERE offset = 100",
        "DELETE FROM events WHERE offset = 100",
        "UPDATE blocks SET entries = zeroblob(length(entries)) WHERE number = 0",
        "DELETE FROM blocks WHERE number = 0",
    ],
)
@pytest.mark.parametrize(
    "filter", [Filter(), SHIPPED, Filter(order_ids=frozenset({"or_2"}))], ids=["all", "type", "order"]
)
def test_damage_is_unavailable_to_each_reader_and_leaves_no_hole(
    path: Path, statement: str, filter: Filter, caplog: pytest.LogCaptureFixture
) -> None:
    async def work() -> None:
        async with opening(SqliteStore(path)) as log:
            stored = await log.append(*(event(f"e{n}", order_id=f"or_{n % 7}") for n in range(1, 501)))
            with closing(sqlite3.connect(path)) as connection, connection:
                connection.execute(statement)
            assert filter.matches(stored[99])
            found: list[StoredEvent] = []

            async def read_on() -> None:
                after = 0
                while after < 500:
                    page = await log.page(after, 500, filter, 20)
                    found.extend(page.events)
                    after = page.through

            with pytest.raises(StoreUnavailable, match=r"^The log cannot be read now; try again later\.$"):
                await read_on()
            assert found == [each for each in stored if filter.matches(each)][: len(found)]
            assert any(each.levelname == "ERROR" for each in caplog.records)
            last = await log.page(400, 500, filter, 200)
            assert [*last.events] == [each for each in stored[400:] if filter.matches(each)]

    run(work())


def test_a_type_that_no_event_has_is_searched_for_without_reading_events(path: Path) -> None:
    async def work() -> None:
        async with opening(SqliteStore(path)) as log:
            await log.append(*(event(f"e{n}") for n in range(500)))
            with closing(sqlite3.connect(path)) as connection, connection:
                connection.execute("UPDATE events SET data = '{}'")
            assert (await log.page(0, 500, CANCELLED)).through == 500

    run(work())


def test_a_damaged_duplicate_is_not_answered(path: Path) -> None:
    async def work() -> None:
        async with opening(SqliteStore(path)) as log:
            await log.append(*(event(f"e{n}") for n in range(500)))
            with closing(sqlite3.connect(path)) as connection, connection:
                connection.execute("UPDATE events SET stored_at_us = 7 WHERE offset = 251")  # where a search begins
            with pytest.raises(StoreUnavailable):
                await log.append(event("e250"))
            with pytest.raises(StoreUnavailable):
                await log.store.offset_before(8)
            [again] = await log.store.append([event("e98")])
            assert again.duplicate

    run(work())


def test_a_damaged_event_does_not_keep_retention_from_deleting_it(path: Path) -> None:
    async def work() -> None:
        async with opening(SqliteStore(path, retain_events=500)) as log:
            await log.append(*(event(f"e{n}") for n in range(500)))
            with closing(sqlite3.connect(path)) as connection, connection:
                connection.execute("UPDATE events SET data = '{}' WHERE offset = 1")
            [new] = await log.append(event("new"))
            assert log.floor.offset == 1
            assert log.floor.stored_at_us == new.stored_at_us
            assert len(await log.events()) == 500

    run(work())


# One file, one server


def test_a_file_with_two_names_is_refused(path: Path, tmp_path: Path) -> None:
    closed(path)
    os.link(path, tmp_path / "other.db")
    for name in (path, tmp_path / "other.db"):
        with pytest.raises(StoreRefused, match=r"has 2 names \(hard links\); remove all but one, .*\.$"):
            all_ids(name)


def test_a_refused_file_is_left_without_a_lock_file(path: Path, tmp_path: Path) -> None:
    path.write_bytes(b"the notes of somebody else" * 1000)
    with pytest.raises(StoreRefused):
        all_ids(path)
    assert [each.name for each in tmp_path.iterdir()] == ["log.db"]
