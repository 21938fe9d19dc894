"""A log of an older release opens: it is brought to the present format, and every id that clients hold stays good."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app.events.errors import StoreRefused
from app.events.filter import Filter
from app.events.log.event_store import ID_KEY_BYTES, BelowFloor
from app.events.position import Floor, Position
from app.stores.sqlite.copies import backup, restore
from app.stores.sqlite.file import format as log_format
from app.stores.sqlite.store import SqliteStore
from app.stores.sqlite.verification import Verified, verify
from tests.events.logs import SHIPPED, event, run
from tests.stores.older_logs import FORMAT_1, FORMAT_2, rows, version
from tests.stores.opened import ids, opening


@pytest.fixture(params=[FORMAT_1, FORMAT_2], ids=["format-1", "format-2"])
def path(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    path: Path = tmp_path / "log.db"
    shutil.copy(request.param, path)
    if request.param == FORMAT_2:
        shutil.copy(f"{FORMAT_2}.mark", f"{path}.mark")
    return path


def test_an_older_log_opens_with_its_events_epochs_and_floor(path: Path) -> None:
    async def work() -> None:
        written = rows(path)
        assert len(written) == 40
        id_keys = set()
        for _ in range(2):  # the upgrade, and a start after it
            async with opening(SqliteStore(path)) as log:
                id_keys.add(log.opened.id_key)
                assert await log.events() == written
                assert log.opened.head == 50
                assert log.opened.floor == Floor(10, 1795898365547077)
                epochs = log.opened.epochs
                for held in (Position("g1kedekj", 11), Position("xahb23jg", 30), Position("gxfm2czt", 50)):
                    assert epochs.lost(held, log.opened.head) is None
                with pytest.raises(BelowFloor):
                    await log.page(9)
        [id_key] = id_keys
        assert len(id_key) == ID_KEY_BYTES
        assert any(id_key)

    run(work())


def test_an_older_log_is_found_by_order_by_type_by_id_and_by_time(path: Path) -> None:
    async def work() -> None:
        written = rows(path)
        async with opening(SqliteStore(path)) as log:
            assert await log.events(SHIPPED) == [each for each in written if SHIPPED.matches(each)]
            of_order = Filter(order_ids=frozenset({"or_3"}))
            assert await log.events(of_order) == [each for each in written if of_order.matches(each)]
            last = written[-1]
            assert await log.store.offset_before(last.stored_at_us) == 49
            [[stored, duplicate]] = await log.store.append(
                [event("e49", last.event_type, "or_0")._replace(data=last.data)]
            )
            assert (stored, duplicate) == (last, True)
            [new] = await log.append(event("new"))
            assert new.offset == 51

    run(work())


def test_an_older_log_with_checksums_is_verified_backed_up_and_restored_as_it_is(tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert backup(FORMAT_2, copy) == verify(FORMAT_2) == Verified(40, "g1kedekj-11", "gxfm2czt-50")
    assert restore(copy, tmp_path / "log.db").events == 40
    assert version(tmp_path / "log.db") == 2

    async def work() -> None:
        async with opening(SqliteStore(tmp_path / "log.db")) as log:
            assert await log.events() == rows(FORMAT_2)

    run(work())
    assert verify(tmp_path / "log.db").events == 40


@pytest.mark.parametrize("damage", ["UPDATE events SET data = '{}' WHERE offset = 50", "DELETE FROM blocks"])
def test_an_older_log_that_is_damaged_is_refused_and_left_as_it_is(tmp_path: Path, damage: str) -> None:
    path = Path(shutil.copy(FORMAT_2, tmp_path / "log.db"))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(damage)

    async def work() -> None:
        with pytest.raises(StoreRefused, match=r"is damaged: .* Restore a backup"):
            await SqliteStore(path).open(lambda _: None)
        assert version(path) == 2

    run(work())


@pytest.mark.parametrize("step", ["CREATE TABLE events", "CREATE UNIQUE INDEX"])
def test_an_interrupted_upgrade_leaves_the_older_log(path: Path, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        written, older = rows(path), version(path)
        broken = [f"{each} nonsense" if step in each else each for each in log_format.EVENTS]
        with monkeypatch.context() as patch:
            patch.setattr(log_format, "EVENTS", broken)
            with pytest.raises(StoreRefused, match=r"cannot be opened: .*\.$"):
                await SqliteStore(path).open(lambda _: None)
        assert version(path) == older
        assert rows(path) == written
        async with opening(SqliteStore(path)) as log:
            assert ids(await log.events()) == ids(written)

    run(work())


@pytest.mark.parametrize("table", ["floor", "epochs", "blocks"])
def test_an_interrupted_description_of_events_leaves_the_log_without_checksums(
    tmp_path: Path, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(shutil.copy(FORMAT_1, tmp_path / "log.db"))
    broken = [f"{each} nonsense" if f"CREATE TABLE {table}" in each else each for each in log_format.RECORDS]
    monkeypatch.setattr(log_format, "RECORDS", broken)

    async def work() -> None:
        with pytest.raises(StoreRefused, match=r"cannot be opened: .*\.$"):
            await SqliteStore(path).open(lambda _: None)
        assert version(path) == 1
        assert rows(path) == rows(FORMAT_1)

    run(work())


def test_an_older_log_that_lacks_an_event_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = Path(shutil.copy(FORMAT_1, tmp_path / "log.db"))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM events WHERE offset = 30")

    async def work() -> None:
        with pytest.raises(StoreRefused, match=r"is damaged: the event at offset 30 is missing\. Restore a backup"):
            await SqliteStore(path).open(lambda _: None)
        assert version(path) == 1

    run(work())


def test_an_older_release_sees_in_the_header_that_it_must_not_open_a_newer_log(path: Path) -> None:
    """It reads `user_version`, at byte 60 (https://sqlite.org/fileformat.html), and refuses what is beyond its own."""

    async def work() -> None:
        async with opening(SqliteStore(path)):
            pass

    run(work())
    assert int.from_bytes(path.read_bytes()[60:64], "big") == log_format.FORMAT == 3
