"""One process per SQLite log, and the files that are refused."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from multiprocessing import get_context
from pathlib import Path

import pytest

from app.events.errors import StoreRefused
from app.stores.sqlite.store import SqliteStore
from tests.events.logs import event, run
from tests.stores.opened import ids, opening

NOBODY = 65534


def refusal(path: Path) -> str:
    """Open a log that must be refused, and return the sentence."""

    async def work() -> str:
        with pytest.raises(StoreRefused) as refused:
            await SqliteStore(path).open(lambda _: None)
        return str(refused.value)

    sentence = run(work())
    assert repr(str(path)) in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def make_log(path: Path, count: int = 500) -> None:
    async def work() -> None:
        async with opening(SqliteStore(path)) as log:
            await log.append(*(event(f"e{number}") for number in range(count)))

    run(work())


# One process per file


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    async def work() -> None:
        path = tmp_path / "log.db"
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as other_process:
            async with opening(SqliteStore(path)) as log:
                await log.append(event("a"))
                sentence = other_process.submit(refusal, path).result(60)
                assert sentence.startswith(f"The store {str(path)!r} is in use by another process, such as a server; ")
                await log.append(event("b"))
                assert ids(await log.events()) == ["a", "b"]
            other_process.submit(make_log, path).result(60)

    run(work())


def test_a_second_store_is_refused_under_any_name(tmp_path: Path) -> None:
    path, link = tmp_path / "log.db", tmp_path / "link.db"
    link.symlink_to(path)

    async def work() -> None:
        async with opening(SqliteStore(link)):
            for name in (path, link):
                with pytest.raises(StoreRefused, match=r"is in use by another process, "):
                    await SqliteStore(name).open(lambda _: None)

    run(work())


def test_a_refused_open_lets_the_file_go(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    path.write_bytes(b"no database" * 1000)
    refusal(path)
    path.unlink()
    make_log(path)


# Files that are not logs


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path) == f"The store {str(tmp_path)!r} is not a file. Name a file, which need not exist."
    assert [*tmp_path.iterdir()] == []


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "log.db"
    assert (
        refusal(path) == f"The store {str(path)!r} cannot be opened: its folder does not exist. Make the folder first."
    )


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda log: b"\x00" * 100 + log[100:], id="header-gone"),
        pytest.param(lambda log: log[: len(log) // 2], id="cut-in-half"),
        pytest.param(lambda log: log[:100] + b"\xff" * 4000 + log[4100:], id="first-page-overwritten"),
        pytest.param(lambda _: b"offset,epoch\n1,abc\n" * 100, id="text"),
        pytest.param(lambda _: b"short text, which SQLite takes for an empty database", id="short-text"),
    ],
)
def test_a_file_that_is_not_a_sound_database_is_refused(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "log.db"
    make_log(path)
    path.write_bytes(spoil(path.read_bytes()))
    before = path.read_bytes()
    refusal(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("application_id", [0, 0x66])
def test_a_database_of_another_application_is_refused_and_left_alone(tmp_path: Path, application_id: int) -> None:
    path = tmp_path / "log.db"
    with closing(sqlite3.connect(path)) as other:
        other.executescript(f"PRAGMA application_id = {application_id}; CREATE TABLE events (offset INTEGER);")
    before = path.read_bytes()
    assert refusal(path) == f"The store {str(path)!r} is a database of another application. Name another file."
    assert path.read_bytes() == before


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    make_log(path)
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 4")
    assert (
        refusal(path)
        == f"The store {str(path)!r} has format 4; this version knows none beyond 3. Start the newer version that wrote it."
    )


def test_a_log_without_its_tables_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    make_log(path)
    with closing(sqlite3.connect(path)) as other:
        other.execute("DROP TABLE epochs")
    assert refusal(path) == f"The store {str(path)!r} cannot be opened: no such table: epochs."


def test_an_empty_file_becomes_a_log(tmp_path: Path) -> None:
    (tmp_path / "log.db").touch()
    make_log(tmp_path / "log.db")


def test_a_name_that_means_something_to_sqlite_is_a_file(tmp_path: Path) -> None:
    for name in (":memory:", "a?mode=memory", "100%41#.db"):
        make_log(tmp_path / name)
        assert (tmp_path / name).stat().st_size > 0


# Files that cannot be written


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder into which every user sees, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


@contextmanager
def a_user_with_no_privileges() -> Iterator[None]:
    """Become nobody if the tests run as root, whom no permission stops."""
    user = os.geteuid()
    if user != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


def test_a_folder_that_cannot_be_written_is_refused(open_folder: Path) -> None:
    open_folder.chmod(0o555)
    path = open_folder / "log.db"
    with a_user_with_no_privileges():
        assert refusal(path) == f"The store {str(path)!r} cannot be opened: Permission denied."


def test_a_log_that_cannot_be_written_is_refused(open_folder: Path) -> None:
    path = open_folder / "log.db"
    make_log(path)
    path.chmod(0o444)
    (open_folder / "log.db.lock").chmod(0o666)
    with a_user_with_no_privileges():
        assert refusal(path).startswith(f"The store {str(path)!r} cannot be opened: ")
