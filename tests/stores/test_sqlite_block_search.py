"""A search finds every event of an order and of a type, with what it remembers of earlier searches and without."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.events.event import NO_OWNER
from app.events.filter import Filter
from app.stores.sqlite.errors import Damaged
from app.stores.sqlite.event_blocks import BLOCK_EVENTS
from app.stores.sqlite.reading import block_search
from app.stores.sqlite.reading.block_search import SOUGHT_ONE_BY_ONE, BlockSearch, filter_keys
from app.stores.sqlite.store import SqliteStore
from tests.events.logs import event, run
from tests.stores.opened import opening

EVENTS = 5 * BLOCK_EVENTS + 20
ORDERS = 400  # so that a block does not list every order
TYPES = ("order.created", "order.shipped", "order.cancelled")


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    async def write() -> None:
        async with opening(SqliteStore(tmp_path / "log.db")) as log:
            await log.append(
                *(
                    event(f"e{offset}", type_at(offset), order_at(offset), owner_at(offset))
                    for offset in range(1, EVENTS + 1)
                )
            )

    run(write())
    with closing(sqlite3.connect(tmp_path / "log.db", isolation_level=None)) as connection:
        yield connection


def order_at(offset: int) -> str:
    return f"or_{offset % ORDERS}"


def owner_at(offset: int) -> str:
    """Return the owner of an event: the first two blocks list no owner, the third some, and the others one for each event."""
    return f"me_{offset % 9}" if offset > 2 * BLOCK_EVENTS + 100 else NO_OWNER


def type_at(offset: int) -> str:
    return TYPES[offset % len(TYPES)]


def of_orders(*orders: int, event_types: Iterable[str] | None = None) -> Filter:
    types = None if event_types is None else frozenset(event_types)
    return Filter(types, frozenset(f"or_{order}" for order in orders))


FILTERS = {
    "an order": of_orders(7),
    "an order that does not exist": of_orders(ORDERS),
    "a few orders": of_orders(7, 8, 300),
    "many orders": of_orders(*range(100, 101 + SOUGHT_ONE_BY_ONE)),
    "many orders that do not exist": of_orders(*range(ORDERS, ORDERS + 100)),
    "a type": Filter(frozenset(TYPES[:1]), None),
    "an order and a type": of_orders(7, 8, event_types=TYPES[:1]),
    "an owner": Filter(owners=frozenset({"me_1"})),
    "an owner that does not exist": Filter(owners=frozenset({"me_9"})),
    "many owners": Filter(owners=frozenset(f"me_{number}" for number in range(5, 7 + SOUGHT_ONE_BY_ONE))),
    "an order, an owner and a type": Filter(
        frozenset(TYPES[:2]), of_orders(7, 8).order_ids, frozenset({"me_1", "me_3"})
    ),
}


@pytest.mark.parametrize("filter", FILTERS.values(), ids=FILTERS)
@pytest.mark.parametrize("remembered", [1, 3, 1000])
@pytest.mark.parametrize(("after", "through"), [(0, EVENTS), (BLOCK_EVENTS, 2 * BLOCK_EVENTS), (255, 1000), (257, 258)])
def test_a_search_finds_what_matches(  # a table of three columns
    connection: sqlite3.Connection,
    monkeypatch: pytest.MonkeyPatch,
    filter: Filter,
    remembered: int,
    after: int,
    through: int,
) -> None:
    monkeypatch.setattr(block_search, "REMEMBERED_BLOCKS", remembered)
    search = BlockSearch()
    searched(search, connection, of_orders(1), 0, EVENTS)
    for _ in range(2):
        assert searched(search, connection, filter, after, through) == matching(filter, after, through)


def test_a_block_that_was_read_and_does_not_list_an_order_is_not_read_again(connection: sqlite3.Connection) -> None:
    search, filter = BlockSearch(), of_orders(7)
    expected = searched(search, connection, filter, 0, EVENTS)
    listing = {(offset - 1) // BLOCK_EVENTS for offset in expected}
    passed = {*range(EVENTS // BLOCK_EVENTS)} - listing
    assert passed
    connection.executemany("UPDATE blocks SET entries = x'00' WHERE number = ?", [(number,) for number in passed])
    assert searched(search, connection, filter, 0, EVENTS) == expected
    with pytest.raises(Damaged):
        searched(BlockSearch(), connection, filter, 0, EVENTS)
    connection.executemany("UPDATE blocks SET entries = x'00' WHERE number = ?", [(number,) for number in listing])
    with pytest.raises(Damaged):
        searched(search, connection, filter, 0, EVENTS)


def test_events_that_are_added_to_the_newest_block_after_a_search_are_found(tmp_path: Path) -> None:
    async def work() -> None:
        async with opening(SqliteStore(tmp_path / "log.db")) as log:
            for number in range(3 * BLOCK_EVENTS // 100):
                assert await log.events(of_orders(number)) == []
                await log.append(*(event(f"e{number}-{n}", order_id=f"or_{number}") for n in range(100)))
                assert len(await log.events(of_orders(number))) == 100

    run(work())


def searched(
    search: BlockSearch, connection: sqlite3.Connection, filter: Filter, after: int, through: int
) -> list[int]:
    keys = filter_keys(filter)
    assert keys is not None
    return [offset for offset, _, _ in search.candidates(connection, keys, after, through)]


def matching(filter: Filter, after: int, through: int) -> list[int]:
    return [
        offset
        for offset in range(after + 1, through + 1)
        if (filter.order_ids is None or order_at(offset) in filter.order_ids)
        and (filter.event_types is None or type_at(offset) in filter.event_types)
        and (filter.owners is None or owner_at(offset) in filter.owners)
    ]
