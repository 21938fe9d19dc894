"""The insertion of events into the table of events."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import cache
from itertools import chain

from app.events.event import StoredEvent

INSERTED_AT_ONCE = (
    500  # in a statement: Python lets go of its lock once for each, and a busy event loop is slow to return it
)

_FIELDS = len(StoredEvent._fields)
_OWNER = StoredEvent._fields.index("owner")


def insert_events(connection: sqlite3.Connection, events: Sequence[StoredEvent], *, unless_known: bool = True) -> int:
    """Insert events into the database, except events whose owner and `event_id` are already stored. Returns the number of
    inserted events.

    `unless_known`: if False, every event is inserted; the table then needs no unique index of the ids. Raises sqlite3.Error.
    """
    on_conflict = " ON CONFLICT (event_id, owner) DO NOTHING" if unless_known else ""
    inserted = 0
    for start in range(0, len(events), INSERTED_AT_ONCE):
        part = events[start : start + INSERTED_AT_ONCE]
        values: list[object] = [*chain.from_iterable(part)]
        owner = "?"
        if not any(values[_OWNER::_FIELDS]):  # most logs have no owners, and binding the text of each takes 0.09 µs
            del values[_OWNER::_FIELDS]
            owner = "''"
        inserted += connection.execute(_insertion(len(part), owner, on_conflict), values).rowcount
    return inserted


@cache
def _insertion(count: int, owner: str, on_conflict: str) -> str:
    """Return the statement that inserts a number of events.

    `owner`: the SQL for the owner of an event, which is its last field. `on_conflict`: the end of the statement.
    """
    row = f"({'?, ' * _OWNER}{owner})"
    rows = ", ".join([row] * count)
    return f"INSERT INTO events VALUES {rows}{on_conflict}"  # noqa: S608 - nothing but question marks and constants
