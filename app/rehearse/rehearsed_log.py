"""The log of one scenario. It is the server's own log in memory, so that positions, gaps and filters are what they are in production."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from app.events.delivery.cursor import Cursor
from app.events.delivery.stream_item import Checkpoint
from app.events.event import Event
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
        if events:
            await self._log.append(events)

    async def read(
        self,
        request: StartRequest,
        filter: Filter,
        *,
        follow: bool = True,
        limit: int | None = None,
        gap_reason: str = "",
    ) -> tuple[Cursor, Checkpoint | Gap]:
        """Return the cursor of a reader, and the first item of its stream.

        `gap_reason`: the reason to give for a lost position in place of `foreign`; empty for none.
        """
        start = await locate_start(self._log, request, filter)
        first = start.gap or Checkpoint(self._log.position(start.after))
        if isinstance(first, Gap) and gap_reason:
            first = replace(first, reason=cast("GapReason", gap_reason))  # a newer contract may have more reasons
        return Cursor(self._log, start.after, filter, follow=follow, limit=limit), first

    async def next_events(self, cursor: Cursor) -> list[Page]:
        """Return all events that follow, each as a page of its own, so that they can be written one by one."""
        pages: list[Page] = []
        while not cursor.is_caught_up:
            page = cursor.take(await cursor.read())
            if isinstance(page, Page):
                pages += [Page([event], event.offset) for event in page.events]
        return pages

    async def place_before(self, last_event_id: str, count: int) -> str:
        """Return the id that lies so many events before another one, at most at the beginning of the log."""
        start = await locate_start(self._log, StartRequest(last_event_id), Filter())
        return str(self._log.position(max(start.after - count, self._log.floor.offset)))
