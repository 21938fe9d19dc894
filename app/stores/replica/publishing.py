"""Storing the events of publishers in a shared log. Requests that wait together are stored together, and each of them is answered
once its events are in the node's own copy.

    store ─→ group ─→ LocalCopy.find: duplicates, conflicts ─→ SharedLog.store ─→ Arrivals.events ─→ outcome of each request

The queue and the groups are here; `group_storing` brings one group into the log.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Final

from app.events.errors import StoreUnavailable
from app.events.event import Event, EventKey
from app.events.log.event_store import Appended
from app.events.position import Epoch
from app.stores.replica.group_storing import GroupStoring
from app.stores.replica.request import Request

GROUP_EVENTS: Final = 1_000  # as many as a shared log stores all or none of
GROUPS_IN_FLIGHT: Final = 4
DEADLINE_SECONDS: Final = 5.0


class Publishing:
    """The requests of a node's publishers to store events, in the order in which they came. `storing` stores a group of them."""

    def __init__(self, storing: GroupStoring) -> None:
        self._storing = storing
        self._waiting: deque[Request] = deque()
        self._groups: set[asyncio.Task[None]] = set()
        self._being_stored: set[EventKey] = set()
        self._forming: asyncio.Task[None] | None = None

    async def store(self, events: Sequence[Event]) -> list[Appended]:
        """Store the events of one request, at most GROUP_EVENTS, as `EventStore.append` does.

        Raises StoreUnavailable if this takes DEADLINE_SECONDS: the events may then be stored or not.
        """
        if len(events) > GROUP_EVENTS:
            raise ValueError(f"A shared log stores at most {GROUP_EVENTS} events in a request, and not {len(events)}.")
        request = Request(events)
        self._waiting.append(request)
        if self._forming is None:
            self._forming = asyncio.create_task(self._form_groups())
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                return await request.outcome
        except TimeoutError:
            raise _unknown() from None

    async def close(self) -> None:
        """Wait until all requests have been answered; those that are not answered in time have given up by then."""
        with suppress(TimeoutError):
            async with asyncio.timeout(DEADLINE_SECONDS):
                while tasks := self._tasks():
                    await asyncio.wait(tasks)
        for task in self._tasks():
            task.cancel()

    def _tasks(self) -> list[asyncio.Task[None]]:
        return [*self._groups, *([self._forming] if self._forming is not None else [])]

    async def _form_groups(self) -> None:
        try:
            while self._waiting:
                if len(self._groups) < GROUPS_IN_FLIGHT:
                    await self._form_group()
                else:
                    await self._until_a_group_ends()
        finally:
            self._forming = None

    async def _form_group(self) -> None:
        """Begin to store the events of as many waiting requests as fit into a group.

        A request with an event that another group is storing has to wait: it is then known whether this is a duplicate.
        """
        requests = self._take()
        epoch = await self._storing.look_up(requests)
        group: list[Request] = []
        while requests and not requests[0].shares(self._being_stored):
            request = requests.popleft()
            if request.new:
                group.append(request)
                self._being_stored.update(request.new_keys)
        self._waiting.extendleft(reversed(requests))
        if group:
            task = asyncio.create_task(self._store_group(group, epoch))
            self._groups.add(task)
            task.add_done_callback(self._groups.discard)
        elif requests:
            await self._until_a_group_ends()

    async def _until_a_group_ends(self) -> None:
        await asyncio.wait(self._groups, return_when=asyncio.FIRST_COMPLETED)

    def _take(self) -> deque[Request]:
        taken: deque[Request] = deque()
        events = 0
        while self._waiting and events + len(self._waiting[0].events) <= GROUP_EVENTS:
            request = self._waiting.popleft()
            if not request.outcome.done():  # else its publisher has left
                taken.append(request)
                events += len(request.events)
        return taken

    async def _store_group(self, group: Sequence[Request], epoch: Epoch) -> None:
        keys = [key for request in group for key in request.new_keys]
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                await self._storing.store(group, epoch)
        except (TimeoutError, asyncio.CancelledError):
            _fail(group, _unknown())
        except Exception as error:  # noqa: BLE001 - each waiting request must get an answer
            _fail(group, error)
        finally:
            self._being_stored.difference_update(keys)


def _fail(group: Iterable[Request], error: Exception) -> None:
    for request in group:
        request.fail(error)


def _unknown() -> StoreUnavailable:
    return StoreUnavailable("The log did not answer in time; repeat the request with the same event ids.")
