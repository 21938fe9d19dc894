"""The deletion of events that exceed the limits of retention (maximum number, maximum age): the oldest events first, some in
each transaction.

The newest deleted event is called the floor of the log.
"""

from __future__ import annotations

import logging
import sqlite3
import time

from app.events.position import Floor
from app.stores.local.retention import CHECK_SECONDS, Retention
from app.stores.sqlite.errors import Damaged
from app.stores.sqlite.event_blocks import BLOCK_EVENTS, Block
from app.stores.sqlite.reading.pages import offset_before
from app.stores.sqlite.reading.verified_reads import read_at
from app.stores.sqlite.records import write_floor

DELETED_AT_ONCE = (
    5_000  # bounds a transaction after the limit became smaller; one that adds more events may delete as many
)

logger = logging.getLogger(__name__)


class Deletion:
    """The deletion of old events from one log. It runs inside the transactions that store new events.

    `retention`: says which events to delete. `floor`: the newest deleted event when the log was opened. `head`: the offset of
    the newest event when the log was opened.
    """

    def __init__(self, retention: Retention, floor: Floor, head: int) -> None:
        self._retention = retention
        self.floor = floor
        self._head_at_start = head
        self._look_at = 0.0
        self._through = 0
        self._is_reported = False
        self.has_more = True  # there may be more to delete than one transaction does

    def delete(self, connection: sqlite3.Connection, newest: Block, stored_at_us: int, added: int) -> Floor | None:
        """Delete old events, within the running transaction.

        Returns the new floor (the newest deleted event); None if there was nothing to delete. `newest`: the newest block
        (record that describes 256 events). `stored_at_us`: when the newest event was stored. `added`: how many events this
        transaction stores. Raises sqlite3.Error.
        """
        through = max(self._retention.surplus(newest.newest), self._through_age(connection))
        at_once = self.floor.offset + max(added, DELETED_AT_ONCE)
        self.has_more = through > at_once
        if through <= self.floor.offset:
            return None
        return delete_through(connection, min(through, at_once), newest, stored_at_us)

    def committed(self, floor: Floor | None, head: int) -> None:
        """Record that a transaction is on disk.

        `floor`: the newest deleted event after the transaction, None if it deleted nothing. `head`: the offset of the newest
        event.
        """
        self.floor = floor or self.floor
        self._retention.note(head)

    def _through_age(self, connection: sqlite3.Connection) -> int:
        """Return the offset up to which events are too old.

        The log is searched at most twice in CHECK_SECONDS; between two searches, the result of the last search is returned.
        """
        if self._retention.by_age and time.monotonic() >= self._look_at:
            if self._look_at == 0:
                self._warn_of_much(connection)
            self._look_at = time.monotonic() + CHECK_SECONDS / 2
            self._through = self._look_up(connection)
        return self._through

    def _look_up(self, connection: sqlite3.Connection) -> int:
        expired = self._retention.expired()
        if expired.stored_at_us == 0 or expired.offset >= self._head_at_start:
            return expired.offset
        return max(expired.offset, self._stored_by(connection, expired.stored_at_us))

    def _warn_of_much(self, connection: sqlite3.Connection) -> None:
        there = self._head_at_start - self.floor.offset
        old = self._stored_by(connection, self._retention.expired_by_clock_us()) - self.floor.offset
        if old > there / 2:
            logger.warning(
                "%d of the %d events of the log are older than --retain-seconds and will be deleted in %g s; if the clock of this "
                "machine is wrong, set it before.",
                old,
                there,
                self._retention.grace_seconds,
            )

    def _stored_by(self, connection: sqlite3.Connection, time_us: int) -> int:
        """Return the offset of the newest event that was stored at or before a time and before this start of the process.

        If damaged data prevent the search, log an error and return the offset of the newest deleted event, so that nothing is
        deleted.
        """
        try:
            return min(self._head_at_start, offset_before(connection, time_us + 1))
        except Damaged as damaged:
            if not self._is_reported:
                logger.error("Old events of the log cannot be deleted: %s.", damaged)  # noqa: TRY400 - the sentence says it all
            self._is_reported = True
            return self.floor.offset


def delete_through(connection: sqlite3.Connection, offset: int, newest: Block, stored_at_us: int) -> Floor:
    """Delete all events up to `offset`, and the blocks (records that each describe 256 events) that then describe no remaining
    event.

    Returns the new floor: the newest deleted event. `newest`: the newest block. `stored_at_us`: the storing time to record if
    that of the event at `offset` cannot be read.
    """
    try:
        floor = Floor(offset, read_at(connection, offset).stored_at_us)
    except (
        Damaged
    ) as damaged:  # it goes all the same; a reader that asks for its time is told a gap rather than nothing
        logger.error("The log deletes an event that is damaged: %s.", damaged)  # noqa: TRY400 - the sentence says it all
        floor = Floor(offset, stored_at_us)
    connection.execute("DELETE FROM events WHERE offset <= ?", (offset,))
    connection.execute("DELETE FROM blocks WHERE number < ?", (min(offset // BLOCK_EVENTS, newest.number),))
    write_floor(connection, floor)
    return floor
