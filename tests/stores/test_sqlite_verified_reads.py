"""No event is read that does not match its checksum, whether events are read as columns or row by row."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.events.event import StoredEvent
from app.stores.sqlite.errors import Damaged
from app.stores.sqlite.reading import verified_reads
from app.stores.sqlite.reading.verified_reads import expected_at, read_expected, read_run
from app.stores.sqlite.store import SqliteStore
from tests.events.logs import event, run
from tests.stores.opened import opening

EVENTS = 600  # in three blocks
BAD = 300

DAMAGES = {
    "a changed text": "UPDATE events SET data = replace(data, 'when', 'whem') WHERE offset = :bad",
    "a changed time": "UPDATE events SET stored_at_us = stored_at_us + 1 WHERE offset = :bad",
    "an order id that is gone": "UPDATE events SET order_id = NULL WHERE offset = :bad",
    "an owner that is gone": "UPDATE events SET owner = '' WHERE offset = :bad",
    "an owner that is exchanged": "UPDATE events SET owner = 'me_9' WHERE offset = :bad",
    "a line feed too many": "UPDATE events SET data = data || char(10) || '{}' WHERE offset = :bad",
    "a text that is missing": "UPDATE events SET epoch = NULL WHERE offset = :bad",
    "a text that is missing, and a line feed in the next": """
        UPDATE events SET event_id = CASE offset WHEN :bad THEN NULL ELSE 'e' || char(10) || 'e' END
        WHERE offset IN (:bad, :bad + 1)""",
    "two exchanged events": """
        UPDATE events SET event_id = event_id || 'x' WHERE offset = :bad;
        UPDATE events SET (event_type, event_id, order_id, stored_at_us, data) =
            (SELECT event_type, event_id || 'y', order_id, stored_at_us, data FROM events AS other
             WHERE other.offset = 2 * :bad + 1 - events.offset)
        WHERE offset IN (:bad, :bad + 1)""",
    "a text that is not UTF-8": "UPDATE events SET data = CAST(x'ff' AS TEXT) WHERE offset = :bad",
    "a missing event": "DELETE FROM events WHERE offset = :bad",
}


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A log of 600 events, on a connection that may change it, with every constraint but those of uniqueness taken away."""

    async def write() -> None:
        async with opening(SqliteStore(tmp_path / "log.db")) as log:
            await log.append(
                *(event(f"e{n}", order_id=f"or_{n % 7}", owner=f"me_{n % 3}" if n % 4 else "") for n in range(EVENTS))
            )

    run(write())
    with closing(sqlite3.connect(tmp_path / "log.db", isolation_level=None)) as connection:
        connection.executescript("""
            PRAGMA writable_schema = ON;
            UPDATE sqlite_schema SET sql = replace(sql, 'NOT NULL', '') WHERE name = 'events';
            PRAGMA writable_schema = RESET;""")
        yield connection


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("step", [1, 3])
def test_a_damaged_event_is_named_and_not_returned(connection: sqlite3.Connection, damage: str, step: int) -> None:
    expected = [*expected_at(connection, range(BAD % step or step, EVENTS, step))]
    assert BAD in [offset for offset, _, _ in expected]
    for statement in DAMAGES[damage].split(";"):
        connection.execute(statement, {"bad": BAD})
    with pytest.raises((Damaged, sqlite3.OperationalError)) as raised:
        read_expected(connection, expected)
    with pytest.raises((Damaged, sqlite3.OperationalError)):
        read_run(connection, BAD - 50, BAD + 50)
    if isinstance(raised.value, Damaged):
        assert raised.value.offset == BAD
    assert [event.offset for event in read_run(connection, 0, BAD - 1)] == [*range(1, BAD)]


@pytest.mark.parametrize("event_id", ["NULL", "'e'"])
def test_a_row_that_a_damaged_table_returns_beyond_the_expected_events_is_refused(
    connection: sqlite3.Connection, event_id: str
) -> None:
    expected = [*expected_at(connection, range(BAD - 50, BAD + 1))]
    connection.execute(f"""
        CREATE TEMP VIEW events AS SELECT * FROM main.events
        UNION ALL SELECT {BAD}, NULL, NULL, NULL, {event_id}, NULL, NULL, NULL, ''""")  # noqa: S608  # both are in this file
    with pytest.raises(Damaged):
        read_expected(connection, expected)
    with pytest.raises(Damaged):
        read_run(connection, BAD - 50, BAD)


def test_events_are_the_same_as_columns_and_row_by_row(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [*expected_at(connection, range(3, EVENTS, 3))]
    run_of_columns, columns = read_run(connection, 100, 550), read_expected(connection, expected)
    monkeypatch.setattr(verified_reads, "_read_columns", lambda *_: None)
    assert [*read_run(connection, 100, 550)] == [*run_of_columns] == stored(connection)[100:550]
    assert [*read_expected(connection, expected)] == [*columns] == stored(connection)[2:599:3]


def test_events_whose_texts_cannot_be_joined_are_read_row_by_row(connection: sqlite3.Connection) -> None:
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 5_000)
    assert [*read_run(connection, 100, 200)] == stored(connection)[100:200]


def stored(connection: sqlite3.Connection) -> list[StoredEvent]:
    return [StoredEvent._make(row) for row in connection.execute("SELECT * FROM events ORDER BY offset")]
