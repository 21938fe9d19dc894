"""`orders-events verify`, `backup` and `restore`: what they print, and their exit codes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app.stores.sqlite.store import SqliteStore
from tests.cli.command import run
from tests.events.logs import event
from tests.events.logs import run as run_coroutine
from tests.stores.opened import opening


@pytest.fixture
def store(tmp_path: Path) -> Path:
    async def work() -> None:
        async with opening(SqliteStore(tmp_path / "log.db")) as log:
            await log.append(*(event(f"e{n}") for n in range(10)))

    run_coroutine(work())
    return tmp_path / "log.db"


def damage(store: Path) -> None:
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("UPDATE events SET data = '{}' WHERE offset = 7")


def test_verify_counts_the_events_of_a_sound_log(store: Path) -> None:
    for name in (str(store), f"sqlite:{store}"):
        ran = run("verify", name)
        assert (ran.code, ran.errors) == (0, [])
        assert ran.out.startswith("10 events are as they were written, from ")


def test_verify_names_the_first_bad_id(store: Path) -> None:
    damage(store)
    ran = run("verify", str(store))
    assert (ran.code, ran.out) == (1, "")
    [line] = ran.errors
    assert "the first bad event is " in line
    assert "-7: " in line


def test_a_backup_is_written_and_restored(store: Path) -> None:
    file = store.with_name("backup.db")
    assert run("backup", str(store), str(file)).out.startswith(f"{file} holds 10 events, through ")
    damage(store)
    assert run("backup", str(store), str(file)).code == 1
    assert run("restore", str(file), str(store)).out.startswith(f"{store} holds 10 events, through ")
    assert run("verify", str(store)).code == 0


@pytest.mark.parametrize("command", [["verify"], ["backup"], ["verify", "memory:"], ["backup", "memory:", "file"]])
def test_a_log_that_is_in_no_file_is_an_error_of_usage(command: list[str]) -> None:
    ran = run(*command)
    assert ran.code == 2
    assert len(ran.errors) == 1


def test_a_backup_is_neither_the_store_itself_nor_in_a_folder_that_is_missing(store: Path) -> None:
    before, missing = store.read_bytes(), store.parent / "no" / "backup.db"
    for command in ("backup", "restore"):
        ran = run(command, str(store), str(store))
        assert ran.errors == [
            f"orders-events: The file {str(store)!r} is the store itself; name another one for the backup."
        ]
    ran = run("backup", str(store), str(missing))
    assert ran.errors == [
        f"orders-events: The backup {str(missing)!r} cannot be written: its folder does not exist. Make the folder first."
    ]
    assert store.read_bytes() == before


def test_a_store_that_is_missing_is_refused(tmp_path: Path) -> None:
    for command in (["verify", str(tmp_path / "no.db")], ["backup", str(tmp_path / "no.db"), str(tmp_path / "file")]):
        ran = run(*command)
        assert ran.code == 1
        assert ran.errors[0].endswith("does not exist or is not a file. Name the file that the server has as --store.")
    assert not [*tmp_path.iterdir()]
