"""A log of an older release opens: it is brought to the present format, and every id that clients hold stays good."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app.events.errors import StoreRefused
from app.events.filter import Filter
from app.events.log.event_store import BelowFloor
from app.events.position import Floor, Position
from app.stores.sqlite.file import format as log_format
from app.stores.sqlite.store import SqliteStore
from tests.events.logs import SHIPPED, event, run
from tests.stores.older_logs import FORMAT_1, rows, version
from tests.stores.opened import ids, opening


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return Path(shutil.copy(FORMAT_1, tmp_path / "log.db"))


def test_an_older_log_opens_with_its_events_epochs_and_floor(path: Path) -> None:
    async def work() -> None:
        written = rows(path)
        assert len(written) == 40
        for _ in range(2):  # the upgrade, and a start after it
            async with opening(SqliteStore(path)) as log:
                assert await log.events() == written
                assert log.opened.head == 50
                assert log.opened.floor == Floor(10, 1795898365547077)
                epochs = log.opened.epochs
                for held in (Position("g1kedekj", 11), Position("xahb23jg", 30), Position("gxfm2czt", 50)):
                    assert epochs.lost(held, log.opened.head) is None
                with pytest.raises(BelowFloor):
                    await log.page(9)

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


@pytest.mark.parametrize("table", ["floor", "epochs", "blocks"])
def test_an_interrupted_upgrade_leaves_the_older_log(path: Path, table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        written = rows(path)
        broken = [f"{each} nonsense" if f"CREATE TABLE {table}" in each else each for each in log_format.RECORDS]
        with monkeypatch.context() as patch:
            patch.setattr(log_format, "RECORDS", broken)
            with pytest.raises(StoreRefused, match=r"cannot be opened: .*\.$"):
                await SqliteStore(path).open(lambda _: None)
        assert version(path) == 1
        assert rows(path) == written
        async with opening(SqliteStore(path)) as log:
            assert ids(await log.events()) == ids(written)

    run(work())


def test_an_older_log_that_lacks_an_event_is_refused_and_left_as_it_is(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM events WHERE offset = 30")

    async def work() -> None:
        with pytest.raises(StoreRefused, match=r"is damaged: the event at offset 30 is missing\. Restore a backup"):
            await SqliteStore(path).open(lambda _: None)
        assert version(path) == 1

    run(work())


def test_an_older_release_sees_in_the_header_that_it_must_not_open_a_newer_log(path: Path) -> None:
    """It reads `user_version`, at byte 60 (https://sqlite.org/fileformat.html), and refuses what is beyond 1."""

    async def work() -> None:
        async with opening(SqliteStore(path)):
            pass

    run(work())
    assert int.from_bytes(path.read_bytes()[60:64], "big") == log_format.FORMAT == 2
