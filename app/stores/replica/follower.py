"""Following a shared log: what it stores, deletes or loses is brought into the node's copy, and then reported.

    SharedLog.follow ─→ LocalCopy.add ─→ on_commit ─→ Arrivals: publishers that wait for their events

Before the log is followed, the copy is compared with it (`reconcile`).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from typing import Final

from app.events.errors import StoreUnavailable
from app.events.log.event_store import Commit, Opened
from app.specification.contracts import Contracts
from app.stores.replica.arrivals import Arrivals
from app.stores.replica.node_copy.copy_changes import CopyState
from app.stores.replica.node_copy.local_copy import LocalCopy
from app.stores.replica.rebuild_pauses import RebuildPauses
from app.stores.replica.reconciliation import reconcile
from app.stores.replica.shared_log import EpochEnded, SharedLog, SharedState

LOOK_SECONDS: Final = 0.5  # between two looks at what the log has deleted; an event is kept so much longer at most
PAUSE_SECONDS: Final = 0.1  # before the log is followed again

logger = logging.getLogger(__name__)


class Follower:
    """The one reader of a shared log at this node. It changes the copy, and nothing else does.

    `contracts`: the event contracts of this node; None if it is not to be counted which events they do not have. `resets` counts how
    often the log was followed anew, `rebuilds` how often the copy lost events or was made anew because the log had become another (see
    `Commit.replaced`), and `unknown_events` the events of a type or version that the contracts do not have: other nodes, with newer
    contracts, store them while nodes are upgraded one after the other. They are passed on like all others.
    """

    def __init__(self, log: SharedLog, copy: LocalCopy, contracts: Contracts | None = None) -> None:
        self.arrivals = Arrivals()
        self._log = log
        self._copy = copy
        self._changing = asyncio.Lock()
        self._following: asyncio.Task[None] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._rebuild_pauses = RebuildPauses()
        self._goal = 0
        self._log_head = 0
        self._was_complete_at = time.monotonic()
        self._known = None if contracts is None else _versions(contracts)
        self.resets = 0
        self.rebuilds = 0
        self.unknown_events = 0

    async def open(self, on_commit: Callable[[Commit], None]) -> Opened:
        """Open the copy, compare it with the log, and begin to follow. Returns the state of the copy, which may lack newer events.

        Raises StoreRefused, StoreUnavailable.
        """
        self._on_commit = on_commit
        shared = await self._log.open()
        self._goal = self._log_head = (await reconcile(self._log, self._copy, await self._copy.open(), shared)).head
        self._tasks = [asyncio.create_task(self._run()), asyncio.create_task(self._look())]
        self.arrivals.note(self._copy.state)
        return _opened(self._copy.state)

    async def close(self) -> None:
        tasks = [*self._tasks, self._following] if self._following is not None else self._tasks
        async with self._changing:  # else a change of the copy might not be reported
            for task in tasks:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def epoch(self) -> str:
        """The name of the epoch to which new events belong."""
        return self.arrivals.epoch

    @property
    def lag_events(self) -> int:
        """By how many offsets the copy is behind the log, as far as this node knows."""
        return max(0, self._log_head - self.arrivals.state.head)

    def lag_seconds(self) -> float:
        """Return the time since the copy was last seen to have every event of the log."""
        return time.monotonic() - self._was_complete_at

    @property
    def is_caught_up(self) -> bool:
        """Whether the copy has had every event that the log had when the node started, or when the log was replaced."""
        return self.arrivals.state.head >= self._goal

    async def sync(self) -> None:
        """Wait until the copy has every event that was acknowledged before this call at any node. Raises StoreUnavailable."""
        while True:
            state = await self._log.state()
            self._see(state.head)
            with suppress(EpochEnded):
                return await self.arrivals.until(state.head, state.epochs.open.name)

    async def _run(self) -> None:
        while True:
            if not self._copy.is_usable:
                await asyncio.sleep(self._rebuild_pauses.next_seconds())
            with _going_on():
                await self._compare(await self._log.state())
                self._following = asyncio.create_task(self._follow())
                await asyncio.wait([self._following])
                self.resets += 1
                if not self._following.cancelled():
                    self._following.result()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _compare(self, shared: SharedState) -> None:
        async with self._changing:
            held = await self._copy.usable_state()
            self._log_head = (await reconcile(self._log, self._copy, held, shared)).head
            # What a failed attempt has changed is reported, too.
            self._report(self._change_since(self.arrivals.state, is_new=held is None))

    def _change_since(self, before: CopyState, *, is_new: bool) -> Commit | None:
        """Return the commit to report, if the copy has changed since a state. `is_new`: whether the copy was made anew because of
        damage, and not because of the log.
        """
        now = self._copy.state
        if now is before:
            return None
        if now.head == before.head and now.id_key == before.id_key:
            return Commit((), now.floor, now.epochs)
        if not is_new:
            logger.warning("The log is not the one that this node had read; its readers start again from their ids.")
            self.rebuilds += 1
        self._goal = self._log_head
        return Commit((), now.floor, now.epochs, _opened(now))

    async def _follow(self) -> None:
        async with aclosing(self._log.follow(self._copy.state.head)) as batches:
            async for events in batches:
                if events:
                    async with self._changing:
                        self._report(await self._copy.add(events))
                        if self.is_caught_up:
                            await self._copy.index()

    async def _look(self) -> None:
        """Look again and again for what the log has deleted, whether it has become another, and whether the copy can be used."""
        while True:
            with _going_on():
                head = self._copy.state.head
                shared = await self._log.state()
                self._see(shared.head)
                async with self._changing:
                    if not self._copy.is_usable or self._has_changed(shared, head):
                        if self._following is not None:
                            self._following.cancel()
                    elif self._copy.state.floor.offset < shared.deleted_through <= self._copy.state.head:
                        self._report(await self._copy.add((), deleted_through=shared.deleted_through))
            await asyncio.sleep(LOOK_SECONDS)

    def _has_changed(self, shared: SharedState, head: int) -> bool:
        """Return whether the log is not the one that the copy is of. `head`: the head of the copy before the log was asked."""
        return shared.is_restored or shared.epochs != self._copy.state.epochs or shared.head < head

    def _see(self, head: int) -> None:
        self._log_head = head
        if self.arrivals.state.head >= head:
            self._was_complete_at = time.monotonic()

    def _report(self, commit: Commit | None) -> None:
        if commit is None:
            return
        if self._known is not None:
            self.unknown_events += sum((e.event_type, e.schema_version) not in self._known for e in commit.events)
        self._on_commit(commit)
        self.arrivals.note(self._copy.state, commit.events)
        self._see(self._log_head)


@contextmanager
def _going_on() -> Iterator[None]:
    """A context in which an error ends the attempt, and not the task: a node that no longer follows would never notice it."""
    try:
        yield
    except StoreUnavailable:
        pass  # the log or the copy has written its reason
    except Exception:
        logger.exception("The log cannot be followed; it is tried again.")


def _versions(contracts: Contracts) -> frozenset[tuple[str, str]]:
    types = contracts.event_types
    return frozenset((event_type, str(version)) for event_type in types for version in contracts.versions(event_type))


def _opened(state: CopyState) -> Opened:
    return Opened(state.epochs, state.head, state.floor, state.id_key)
