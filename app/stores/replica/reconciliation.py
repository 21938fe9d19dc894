"""Making a node's copy a beginning of the shared log again, before anything new is read from the log.

While a node was away, the log may have got a new epoch, lost its newest events (a server was restored from a backup), or been
deleted and made anew. A copy that went on without this comparison could mix the events of two logs.
"""

from __future__ import annotations

from itertools import zip_longest

from app.events.event import StoredEvent
from app.events.filter import EVERYTHING
from app.events.position import Epochs
from app.stores.replica.node_copy.copy_changes import CopyState
from app.stores.replica.node_copy.local_copy import LocalCopy
from app.stores.replica.shared_log import SharedLog, SharedState


async def reconcile(log: SharedLog, copy: LocalCopy, held: CopyState | None, shared: SharedState) -> SharedState:
    """Compare a copy with the log, and change the copy so that all of its events are events of the log. Return the log's state.

    `held`: the state of the copy; None if there is none yet. `shared`: the state of the log. Newest events that the log has lost are
    removed from the copy, and a new epoch begins, unless another node has begun it: their offsets are then not used again under the
    same ids. Events that were stored in their places already get other ids. An epoch begins also if the log was restored from a backup
    and the copy is older than that backup. A copy of another log is made anew. The copy may lack newer events of the log afterwards.
    Raises StoreUnavailable.
    """
    if shared.is_restored:
        shared = await log.begin_epoch(shared.epochs)
    if held is None or held.id_key != shared.id_key or not _common(held.epochs, shared.epochs):
        await _rebuild(copy, shared)
        return shared
    if await _has_lost_events(log, held, shared):
        shared = await log.begin_epoch(shared.epochs, await _first_other(log, copy, held, shared))
    await _cut(copy, held, shared)
    if await _differs(log, copy.state, shared):  # an epoch began before it was known which events are lost
        shared = await log.begin_epoch(shared.epochs, await _first_other(log, copy, copy.state, shared))
        await _rebuild(copy, shared)
    elif copy.state.epochs != shared.epochs or copy.state.floor.offset < shared.deleted_through:
        await copy.add((), shared.epochs, shared.deleted_through)
    return shared


def _common(held: Epochs, shared: Epochs) -> int:
    """Return how many of the oldest epochs are the same."""
    pairs = zip_longest(held, shared)
    return next((number for number, (one, other) in enumerate(pairs) if one != other), len([*held]))


async def _has_lost_events(log: SharedLog, held: CopyState, shared: SharedState) -> bool:
    """Return whether events are lost that no epoch of the log shows to be lost."""
    if _common(held.epochs, shared.epochs) < len([*shared.epochs]):
        return False  # the log has an epoch that the copy does not have: it begins after the newest event that was left
    return held.epochs != shared.epochs or await _differs(log, held, shared)


async def _differs(log: SharedLog, held: CopyState, shared: SharedState) -> bool:
    """Return whether the newest event of a copy is not in the log; False if the log has deleted it."""
    if held.head > shared.head:
        return True
    if held.newest is None or held.head <= shared.deleted_through:
        return False
    event = await log.event_at(held.head)
    if event is None:
        return held.head > (await log.state()).deleted_through
    return _without_time(event) != _without_time(held.newest)


async def _first_other(log: SharedLog, copy: LocalCopy, held: CopyState, shared: SharedState) -> int:
    """Return the offset of the first event of a copy in whose place the log has another one; the offset after all that both have if
    there is none.

    Nodes that had not read the lost events go on where the log ends for them, and store others under the ids of those.
    """
    low, high = max(held.floor.offset, shared.deleted_through) + 1, min(held.head, shared.head) + 1
    while low < high:
        middle = (low + high) // 2
        [ours] = (await copy.read(middle - 1, middle, EVERYTHING, 1)).events
        found = await log.event_at(middle)
        if found is None or _without_time(found) == _without_time(ours):  # None: it was deleted meanwhile
            low = middle + 1
        else:
            high = middle
    return low


def _without_time(event: StoredEvent) -> StoredEvent:
    return event._replace(stored_at_us=0)  # a copy keeps the times of its events from decreasing


async def _cut(copy: LocalCopy, held: CopyState, shared: SharedState) -> None:
    """Remove the events of a copy that are of another epoch than the events of the log at their offsets."""
    number = _common(held.epochs, shared.epochs)
    begun = [epoch.first_offset for epochs in (held.epochs, shared.epochs) for epoch in [*epochs][number : number + 1]]
    end = min(begun, default=held.head + 1) - 1
    if end < held.floor.offset:
        await _rebuild(copy, shared)
    elif end < held.head:
        await copy.cut(end)


async def _rebuild(copy: LocalCopy, shared: SharedState) -> None:
    await copy.begin(shared.epochs, shared.deleted_through, shared.id_key)
