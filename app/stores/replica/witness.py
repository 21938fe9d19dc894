"""The comparison of what one node has recorded with a shared log: every copy is a witness of the events that were in the log.

Servers of a shared log can lose acknowledged events, for example if a disk returns wrong bytes. Then no error is reported, but the
copies still have these events.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import aclosing, closing
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from app.events.errors import StoreRefused
from app.events.event import StoredEvent
from app.stores.replica.node_copy.copy_file import COPY_FORMAT, COPY_ID
from app.stores.replica.shared_log import SharedLog
from app.stores.sqlite.errors import Damaged
from app.stores.sqlite.file.connections import connect_reader
from app.stores.sqlite.file.format import FORMAT
from app.stores.sqlite.file.look import format_of, refusing
from app.stores.sqlite.file.place import require_log
from app.stores.sqlite.reading.verified_reads import read_at, read_run
from app.stores.sqlite.records import read_floor, read_newest_block

_content = attrgetter(
    *(field for field in StoredEvent._fields if field != "stored_at_us")
)  # a copy may change the time


@dataclass(frozen=True, slots=True)
class Difference:
    """The first event that is not the same in a copy and in the log.

    `offset`: the offset of the event. `copied`: the event in the copy; None if the copy does not have it, or has it damaged.
    `logged`: the event in the log; None if the log does not have it.
    """

    offset: int
    copied: StoredEvent | None
    logged: StoredEvent | None


async def compare(copy: Path, log: SharedLog) -> Difference | None:
    """Compare a copy with an open shared log, event by event, and return the first difference; None if there is none.

    `copy`: the path of a node's copy, or of a SQLite log. A server may be using it; it is only read. The log is only read, too.
    Compared are the events that neither side has deleted, up to the newest event of the copy: epoch, id, type, version, order,
    data and owner. Events that the log has after the newest event of the copy are not a difference, because a copy may be
    behind. Raises StoreRefused if the copy cannot be read, StoreUnavailable if the log does not answer. While the log yields
    events, an interruption of the connection is waited for.
    """
    floor, head = await asyncio.to_thread(_ends, copy)
    state = await log.state()  # after the copy was read, so that the log has every event of the copy
    after, through = max(floor, state.deleted_through), min(head, state.head)
    while after < through:
        difference, after = await _compare_following(copy, log, after, through)
        if difference is None and after < through:
            difference, after = await _compare_next(copy, log, after)
        if difference is not None:
            return difference
    return await asyncio.to_thread(_first_difference, copy, after + 1, [None]) if after < head else None


async def _compare_following(copy: Path, log: SharedLog, after: int, through: int) -> tuple[Difference | None, int]:
    """Compare the events after an offset as the log yields them. Returns the first difference, and the offset that was reached.

    This offset is below `through` if there is a difference, or the log does not yield the next event.
    """
    async with aclosing(log.follow(after)) as batches:
        async for batch in batches:
            events = batch[: through - after]
            difference = await asyncio.to_thread(_first_difference, copy, after + 1, events)
            if difference is not None:
                return difference, after
            after += len(events)
            if after >= through:
                break
    return None, after


async def _compare_next(copy: Path, log: SharedLog, after: int) -> tuple[Difference | None, int]:
    """Compare the next event, which the log may have deleted meanwhile. Returns the difference, and the offset that was reached."""
    logged = await log.event_at(after + 1)
    if logged is None:
        deleted_through = (await log.state()).deleted_through
        if deleted_through > after:
            return None, deleted_through
    return await asyncio.to_thread(_first_difference, copy, after + 1, [logged]), after + 1


def _ends(path: Path) -> tuple[int, int]:
    """Return the offset of the newest deleted event and of the newest event of a copy."""
    require_log(path)
    with refusing(path), closing(connect_reader(path)) as connection:
        connection.execute("BEGIN")
        [(application_id,)] = connection.execute("PRAGMA application_id")
        [(version,)] = connection.execute("PRAGMA user_version")
        if (application_id, version) != (COPY_ID, COPY_FORMAT) and format_of(path, connection) != FORMAT:
            raise StoreRefused(f"The store {str(path)!r} has format {version}; start the server on it once.")
        return read_floor(connection).offset, read_newest_block(connection).newest


def _first_difference(path: Path, first: int, logged: Sequence[StoredEvent | None]) -> Difference | None:
    """Compare a copy with adjacent events of the log, which begin at the offset `first`. None stands for an event that the log does
    not have. Events that the copy has deleted meanwhile are not compared.
    """
    with refusing(path), closing(connect_reader(path)) as connection:
        connection.execute("BEGIN")
        after, through = read_floor(connection).offset, read_newest_block(connection).newest
        events = [(offset, event) for offset, event in enumerate(logged, first) if after < offset <= through]
        if not events or _are_same(connection, events):
            return None
        copied = ((offset, _event_at(connection, offset), event) for offset, event in events)
        return next((Difference(*each) for each in copied if not _is_same(*each[1:])), None)


def _are_same(connection: sqlite3.Connection, events: Sequence[tuple[int, StoredEvent | None]]) -> bool:
    try:
        copied = read_run(connection, events[0][0] - 1, events[-1][0])
    except Damaged:
        return False
    return all(map(_is_same, copied, [event for _, event in events]))


def _is_same(copied: StoredEvent | None, logged: StoredEvent | None) -> bool:
    if copied is None or logged is None:
        return False
    return bool(_content(copied) == _content(logged))


def _event_at(connection: sqlite3.Connection, offset: int) -> StoredEvent | None:
    try:
        return read_at(connection, offset)
    except Damaged:
        return None
