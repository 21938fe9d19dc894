"""Storing groups of requests in a shared log: duplicates are found, other nodes may do the same at the same time, and epochs end.

A node asks its copy for duplicates first. The shared log refuses those that another node has stored at the same time.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import chain

from app.events.errors import StoreUnavailable
from app.events.event import Event, StoredEvent
from app.events.log.write_health import WriteHealth
from app.events.position import Epoch
from app.stores.local.offsets import assign_to_all
from app.stores.replica.arrivals import Arrivals
from app.stores.replica.node_copy.local_copy import LocalCopy
from app.stores.replica.request import Request
from app.stores.replica.shared_log import AlreadyStored, EpochEnded, SharedLog

logger = logging.getLogger(__name__)


class GroupStoring:
    """The way of a group of requests into a shared log. `health` counts the calls of the log."""

    def __init__(self, log: SharedLog, copy: LocalCopy, arrivals: Arrivals, health: WriteHealth) -> None:
        self._log = log
        self._copy = copy
        self._arrivals = arrivals
        self._health = health

    async def look_up(self, requests: Iterable[Request]) -> Epoch:
        """Find out which events of requests are stored already. Returns the epoch in which to store the others.

        The copy must have all events of older epochs for this: the log refuses a duplicate within its last epoch only.
        """
        while True:
            epoch = self._arrivals.state.epochs.open
            with suppress(EpochEnded):
                await self._arrivals.until(epoch.first_offset - 1, epoch.name)
                break
        try:
            known = await self._copy.find([*{key for request in requests for key in request.keys}])
        except StoreUnavailable as error:
            for request in requests:
                request.fail(error)
        else:
            for request in requests:
                request.compare(known)
        return epoch

    async def store(self, group: Sequence[Request], epoch: Epoch) -> None:
        """Store the new events of requests that were looked up, and answer the requests. Raises StoreUnavailable."""
        try:
            await self._store(group, epoch)
        except (AlreadyStored, EpochEnded):
            for request in group:
                await self._store_alone(request)

    async def _store_alone(self, request: Request) -> None:
        """Store the events of one request, although another node stores some of them, or a new epoch begins."""
        while not request.outcome.done():
            epoch = await self.look_up([request])
            try:
                if request.new:
                    await self._store([request], epoch)
            except AlreadyStored as known:
                with suppress(EpochEnded):
                    await self._arrivals.until(known.offset, epoch.name)
            except EpochEnded:
                await self._arrivals.past(epoch.name)

    async def _store(self, group: Sequence[Request], epoch: Epoch) -> None:
        """Store the new events of requests in one call, and answer the requests. Raises AlreadyStored, EpochEnded,
        StoreUnavailable.
        """
        events = [*chain.from_iterable(request.new for request in group)]
        first = at = await self._call(events, epoch.name)
        for request in group:
            request.note_stored(at)
            at += len(request.new)
        stored = await self._stored(events, first, epoch.name)
        at = 0
        for request in group:
            request.answer(stored[at : at + len(request.new)])
            at += len(request.new)

    async def _stored(self, events: Sequence[Event], first: int, epoch: str) -> Sequence[StoredEvent]:
        """Return events that the log has stored, as they are in the copy. Raises EpochEnded if the log is no longer the one of the copy."""
        arrived = await self._arrivals.events(first, len(events), epoch)
        if len(arrived) == len(events):
            return arrived
        found = await self._copy.find([event.key for event in events])
        kept = {event.offset: event for event in found.values()}
        floor = self._arrivals.state.floor
        if any(offset > floor.offset and offset not in kept for offset in range(first, first + len(events))):
            # The copy has other events there, which the log has lost: it was restored, and the copy is about to be compared with it.
            await self._arrivals.past(epoch)
            raise EpochEnded(epoch)
        # If the log keeps fewer events than a request has, the first ones are deleted already.
        made = assign_to_all([events], first - 1, epoch, floor.stored_at_us)
        return [kept.get(event.offset, event) for event in made]

    async def _call(self, events: Sequence[Event], epoch: str) -> int:
        began = time.perf_counter()
        try:
            first = await self._log.store(events, epoch)
        except (StoreUnavailable, asyncio.CancelledError) as error:
            if not self._health.is_failing:
                logger.error("The shared log cannot be written: %s", error or "it does not answer.")  # noqa: TRY400 - the sentence says it all
            self._health.failures += 1
            self._health.is_failing = True
            raise
        self._health.commit_seconds.observe(time.perf_counter() - began)
        if self._health.is_failing:
            logger.warning("The shared log can be written again.")
            self._health.is_failing = False
        return first
