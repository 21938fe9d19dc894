"""The comparison of a node's copy with the shared log: the first event that is not the same is named."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from app.events.errors import StoreRefused
from app.events.event import Event, StoredEvent
from app.events.position import Epoch, Epochs
from app.stores.replica.node_copy.local_copy import LocalCopy
from app.stores.replica.shared_log import SharedState
from app.stores.replica.witness import Difference, compare
from app.stores.sqlite.store import SqliteStore
from tests.events.logs import event
from tests.stores.opened import opening

EPOCHS = Epochs([Epoch("aaaaaaaa", 1)])
KEY = b"sixteen bytes..."
COUNT = 2500


class FixedLog:
    """A shared log with given events, which can only be read. An event that is None is missing."""

    def __init__(self, events: Sequence[StoredEvent | None], deleted_through: int = 0, deleted_later: int = 0) -> None:
        self._events = events
        self._deleted_through = deleted_through
        self._deleted_later = deleted_later

    async def open(self) -> SharedState:
        raise NotImplementedError

    async def state(self) -> SharedState:
        return SharedState(EPOCHS, len(self._events), self._deleted_through, KEY)

    async def follow(self, after: int) -> AsyncGenerator[Sequence[StoredEvent], None]:
        yield []
        while after < len(self._events):
            batch = self._events[after : after + 700]
            present = [each for each in batch[: [*batch, None].index(None)] if each is not None]
            if after < self._deleted_through or not present:
                return
            yield present
            after += len(present)
            self._deleted_through = max(self._deleted_through, self._deleted_later)

    async def event_at(self, offset: int) -> StoredEvent | None:
        return None if offset <= self._deleted_through else self._events[offset - 1]

    async def store(self, events: Sequence[Event], epoch: str) -> int:
        raise NotImplementedError

    async def begin_epoch(self, expected: Epochs, replaced_from: int | None = None) -> SharedState:
        raise NotImplementedError

    async def close(self) -> None:
        raise NotImplementedError


def stored(count: int = COUNT) -> list[StoredEvent]:
    return [
        StoredEvent(n, "aaaaaaaa", "order.shipped", "1.0.0", f"event-{n}", f"or_{n % 7}", n, f'{{"n":{n}}}', "somebody")
        for n in range(1, count + 1)
    ]


@pytest.fixture
async def copy(tmp_path: Path) -> AsyncIterator[Path]:
    """A copy that a node has open, with COUNT events of which 10 are deleted."""
    copy = LocalCopy(tmp_path / "copy.db")
    await copy.open()
    await copy.begin(EPOCHS, 0, KEY)
    await copy.add(stored(), None, 10)
    yield tmp_path / "copy.db"
    await copy.close()


@pytest.mark.parametrize(
    "log",
    [
        FixedLog(stored()),
        FixedLog(stored(COUNT + 1000)),
        FixedLog([each._replace(stored_at_us=1) for each in stored()]),
        FixedLog([None] * 800 + [*stored()[800:]], 800),
        FixedLog([*stored()[:1000], *[None] * 300, *stored()[1300:]], deleted_later=1300),
        FixedLog([None] * (COUNT + 5), COUNT + 5),
    ],
    ids=["the same", "newer events", "other times", "deleted", "deleted meanwhile", "all deleted"],
)
async def test_a_copy_of_the_log_has_no_difference(copy: Path, log: FixedLog) -> None:
    assert await compare(copy, log) is None


@pytest.mark.parametrize(
    ("field", "offset"),
    [
        ("event_id", 11),
        ("event_type", 700),
        ("schema_version", 701),
        ("data", 1234),
        ("owner", 2100),
        ("epoch", 2101),
        ("order_id", COUNT),
    ],
)
async def test_an_event_that_differs_is_named(copy: Path, field: str, offset: int) -> None:
    events = stored()
    events[offset - 1] = StoredEvent(**events[offset - 1]._asdict() | {field: "other"})
    events[-1] = events[-1]._replace(data="other")
    assert await compare(copy, FixedLog(events)) == Difference(offset, stored()[offset - 1], events[offset - 1])


@pytest.mark.parametrize("offset", [11, 701, COUNT])
async def test_an_event_that_the_log_has_lost_is_named(copy: Path, offset: int) -> None:
    lost = Difference(offset, stored()[offset - 1], None)
    assert await compare(copy, FixedLog(stored()[: offset - 1])) == lost, "at its end"
    assert await compare(copy, FixedLog([*stored()[: offset - 1], None, *stored()[offset:]])) == lost, "within it"


async def test_an_event_that_is_damaged_in_the_copy_is_named(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute("UPDATE events SET data = '{}' WHERE offset = 1234")
        connection.execute("DELETE FROM events WHERE offset = 2000")
    assert await compare(copy, FixedLog(stored())) == Difference(1234, None, stored()[1233])


async def test_a_sqlite_log_is_compared_while_a_server_uses_it(tmp_path: Path) -> None:
    async with opening(SqliteStore(tmp_path / "log.db")) as log:
        events = await log.append(*(event(f"{n}") for n in range(100)))
        assert await compare(tmp_path / "log.db", FixedLog(events)) is None
        assert await compare(tmp_path / "log.db", FixedLog(events[:99])) == Difference(100, events[99], None)


async def test_a_file_that_is_not_a_copy_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.db", Path(__file__)):
        with pytest.raises(StoreRefused):
            await compare(path, FixedLog([]))
