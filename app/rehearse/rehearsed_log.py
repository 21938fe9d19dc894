"""The log of one scenario. It is the server's own log in memory, so that positions, gaps and filters are what they are in production."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from app.events.delivery.cursor import Cursor
from app.events.delivery.stream_item import Checkpoint
from app.events.event import Event, StoredEvent
from app.events.filter import Filter
from app.events.log.event_log import EventLog
from app.events.log.event_store import Page
from app.events.log.start import StartRequest, locate_start
from app.events.position import Gap, GapReason
from app.stores.memory import MemoryStore


class RehearsedLog:
    """A log that can be restarted and replaced. `open` it first."""

    def __init__(self) -> None:
        self._store = MemoryStore()
        self._log = EventLog(self._store)
        self._numbers: dict[str, int] = {}  # of events, by id, in the order in which they were stored

    async def open(self) -> None:
        await self._log.open()

    async def restart(self) -> None:
        """Do what a restart of a server does: new events belong to another epoch, and old ids stay valid."""
        self._log = EventLog(self._store)
        await self._log.open()

    async def replace(self) -> None:
        """Go on with an empty log, to which all ids are foreign."""
        self._store = MemoryStore()
        await self.restart()

    async def append(self, events: Sequence[Event]) -> None:
        """Store events. They are not held to their contracts: some rehearse what a contract does not have yet."""
        for stored, _ in await self._log.append(events) if events else ():
            self._numbers[stored.id] = len(self._numbers) + 1

    def number(self, event: StoredEvent) -> int:
        """Return the place of an event in the order in which events were stored, from 1, in all logs of the scenario."""
        return self._numbers[event.id]

    async def read(
        self, request: StartRequest, filter: Filter, gap_reason: str = ""
    ) -> tuple[Cursor, Checkpoint | Gap]:
        """Return the cursor of a reader, and the first item of its stream.

        `gap_reason`: the reason to give for a lost position in place of `foreign`; empty for none.
        """
        start = await locate_start(self._log, request, filter)
        first = start.gap or Checkpoint(self._log.position(start.after))
        if isinstance(first, Gap) and gap_reason:
            first = replace(first, reason=cast("GapReason", gap_reason))  # a newer contract may have more reasons
        return Cursor(self._log, start.after, filter, follow=True, limit=None), first

    async def next_events(self, cursor: Cursor, limit: int | None = None) -> list[Page]:
        """Return the events that follow, at most `limit`, each as a page of its own, so that they can be written one by one."""
        pages: list[Page] = []
        while not cursor.is_caught_up and (limit is None or len(pages) < limit):
            page = cursor.take(await cursor.read())
            if isinstance(page, Page):
                pages += [Page([event], event.offset) for event in page.events]
        return pages[:limit]

    async def wait_after(self, cursor: Cursor, seconds: float) -> None:
        """Return when an event is stored after a cursor, or after some seconds."""
        if cursor.is_caught_up:
            await self._log.wait(cursor.filter, seconds)

    def id_after(self, cursor: Cursor, pages: Sequence[Page]) -> str:
        """Return the id from which a reader goes on that was sent these events: it moves past what its filter skipped."""
        offset = cursor.after if cursor.is_caught_up or not pages else pages[-1].through
        return str(self._log.position(offset))

    async def place_before(self, last_event_id: str, count: int) -> str:
        """Return the id that lies so many events before another one, at most at the beginning of the log."""
        start = await locate_start(self._log, StartRequest(last_event_id), Filter())
        return str(self._log.position(max(start.after - count, self._log.floor.offset)))
