"""Subscribe to the log: one reader's way through it, step by step, whatever the transport.

A subscription is a position and a filter. `advance` returns the next step to send: events, or what to say instead of them.
The transport sends it and asks again; while it cannot send, the subscription costs its position and nothing else.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal, TypeAlias

from app.events.errors import StoreUnavailable
from app.events.filter import Filter
from app.events.log import EventLog
from app.events.position import Gap, Position
from app.events.start import Start
from app.events.store import BelowFloor, Page

PAGE_EVENTS = 256  # one read, one write: enough to amortise both, little enough to keep a replay's memory flat

ClosingReason = Literal["drain", "limit", "end", "unavailable"]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The reader has everything it wants through this position."""

    position: Position


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Nothing happened for a while; the reader is where its last id says."""


@dataclass(frozen=True, slots=True)
class Closing:
    """The server ends the stream; nothing follows."""

    reason: ClosingReason


Step: TypeAlias = Page | Checkpoint | Gap | Heartbeat | Closing

HEARTBEAT = Heartbeat()


class Subscription:
    """One reader of the log.

    `follow` False ends it at the head as it was when the subscription was made; `limit` ends it after so many events.
    """

    def __init__(self, log: EventLog, start: Start, wanted: Filter, *, follow: bool, limit: int | None) -> None:
        self._log = log
        self._wanted = wanted
        self._through = None if follow else log.head
        self._remaining = limit
        self._waiter: asyncio.Future[int] | None = None
        self._heartbeat_due = False
        self.opening: Checkpoint | Gap = start.gap or Checkpoint(log.position(start.after))
        self.after = start.after
        self.stepped_at = _now()
        self._told = start.after  # the offset of the last id that the reader was sent

    @property
    def at_end(self) -> bool:
        """Tell whether there is nothing left to read and nothing to wait for."""
        return self._through is not None and self.after >= self._through

    @property
    def lag_events(self) -> int:
        """How many offsets the reader is behind the head."""
        return 0 if self._waiter is not None else self._log.head - self.after

    def beat(self) -> None:
        """Ask for a sign of life at the next step; wake the subscription if it waits."""
        self._heartbeat_due = True
        if self._waiter is not None:
            self._log.release(self._waiter)

    async def advance(self) -> Step:
        """Return the next step; wait for it where there is none yet."""
        step = await self._next()
        self.stepped_at = _now()
        self._heartbeat_due = False
        return step

    async def _next(self) -> Step:
        while True:
            if self._log.draining:
                return Closing("drain")
            if self._remaining == 0:
                return Closing("limit")
            if self.at_end:
                return Closing("end") if self._told >= self.after else self._checkpoint()
            if self.after < self._log.head:
                step = await self._read()
                if step is not None:
                    return step
                await asyncio.sleep(0)  # a long search must let others run, and must notice that its reader has left
            elif not self._heartbeat_due:
                await self._wait()
            if self._heartbeat_due:
                return HEARTBEAT if self._told >= self.after else self._checkpoint()

    async def _read(self) -> Step | None:
        through = self._log.head if self._through is None else self._through
        limit = PAGE_EVENTS if self._remaining is None else min(PAGE_EVENTS, self._remaining)
        try:
            page = await self._log.read(self.after, through, self._wanted, limit)
        except BelowFloor as expired:
            requested = self._log.position(self.after)
            self.after = self._told = expired.floor.offset
            return Gap("expired", str(requested), self._log.position(self.after))
        except StoreUnavailable:
            return Closing("unavailable")
        self.after = page.through
        if not page.events:
            return None
        self._told = page.events[-1].offset
        if self._remaining is not None:
            self._remaining -= len(page.events)
        return page

    async def _wait(self) -> None:
        self._waiter = self._log.waiter(self._wanted)
        try:
            # A gap may have led beyond the head: the store deletes on disk before the log hears of it. Never back behind it.
            self.after = max(self.after, await self._waiter)
        finally:
            self._log.forget(self._wanted, self._waiter)
            self._waiter = None

    def _checkpoint(self) -> Checkpoint:
        self._told = self.after
        return Checkpoint(self._log.position(self.after))


def _now() -> float:
    return asyncio.get_running_loop().time()
