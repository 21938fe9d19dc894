"""The store of a node that shares a log with others: events are stored in the shared log, and read from the node's own copy.

append              ─→ Publishing ─→ SharedLog
SharedLog           ─→ Follower ─→ LocalCopy, on_commit
read, count         ─→ LocalCopy
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from app.events.errors import StoreRefused, StoreUnavailable
from app.events.event import Event
from app.events.filter import Filter
from app.events.log.event_store import Appended, Commit, Counted, Opened, Page
from app.events.log.write_health import DiskUse, WriteHealth
from app.specification.contracts import Contracts
from app.stores.replica.follower import Follower
from app.stores.replica.group_storing import GroupStoring
from app.stores.replica.node_copy.local_copy import LocalCopy
from app.stores.replica.publishing import DEADLINE_SECONDS, Publishing
from app.stores.replica.shared_log import SharedLog


class ReplicaStore:
    """A log that several nodes share, as one of them sees it. `log`: the shared log. `copy`: the copy of this node. `contracts`: see
    `Follower`.

    Reading goes on while the shared log does not answer. `follower` counts what it did.
    """

    def __init__(self, log: SharedLog, copy: LocalCopy, contracts: Contracts | None = None) -> None:
        self._log = log
        self._copy = copy
        self._is_open = False
        self._next_sync: asyncio.Task[bool] | None = None
        self._last_sync: asyncio.Task[bool] | None = None
        self.write_health = WriteHealth()
        self.follower = Follower(log, copy, contracts)
        self._publishing = Publishing(GroupStoring(log, copy, self.follower.arrivals, self.write_health))

    async def open(self, on_commit: Callable[[Commit], None]) -> Opened:
        try:
            opened = await self.follower.open(on_commit)
        except StoreUnavailable as error:
            await self._close_parts()
            raise StoreRefused(str(error)) from None
        except StoreRefused:
            await self._close_parts()
            raise
        self._is_open = True
        return opened

    async def sync(self) -> None:
        self._require_open()
        if self._next_sync is None:
            self._next_sync = asyncio.create_task(self._sync_after(self._last_sync))
        if not await asyncio.shield(self._next_sync):
            raise StoreUnavailable("It cannot be found out now what the log has stored; try again later.")

    async def append(self, events: Sequence[Event]) -> list[Appended]:
        self._require_open()
        return await self._publishing.store(events)

    async def read(self, after: int, through: int, filter: Filter, limit: int) -> Page:
        self._require_open()
        return await self._copy.read(after, through, filter, limit)

    async def count(self, after: int, through: int, filter: Filter, interval_us: int) -> Counted:
        self._require_open()
        return await self._copy.count(after, through, filter, interval_us)

    async def offset_before(self, stored_at_us: int) -> int:
        self._require_open()
        return await self._copy.offset_before(stored_at_us)

    def disk_use(self) -> DiskUse | None:
        return self._copy.disk_use()

    def check(self) -> None:
        self._require_open()
        self._copy.check()
        if not self.follower.is_caught_up:
            raise StoreUnavailable("This node has not read the log up to its newest events yet; try again later.")

    async def close(self) -> None:
        if self._is_open:
            self._is_open = False
            await self._publishing.close()
            await self._close_parts()

    async def _close_parts(self) -> None:
        await self._log.close()
        await self.follower.close()
        await self._copy.close()

    async def _sync_after(self, running: asyncio.Task[bool] | None) -> bool:
        """Ask once for all calls that came while the log was asked before: that answer may be older than they are. Returns whether
        there was an answer.
        """
        if running is not None:
            await asyncio.wait([running])
        self._last_sync, self._next_sync = self._next_sync, None
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                await self.follower.sync()
        except (TimeoutError, StoreUnavailable):
            return False
        return True

    def _require_open(self) -> None:
        if not self._is_open:
            raise StoreUnavailable("The log is not open.")
