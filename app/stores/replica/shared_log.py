"""The interface of a shared log: what an engine must provide so that several nodes can write to and follow one log.

Every node keeps a copy of the shared log, and reads from its copy alone. So an engine needs neither filters nor pages.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.events.event import Event, StoredEvent
from app.events.position import Epochs
from app.specification.errors import OrdersEventsError


@dataclass(frozen=True, slots=True)
class SharedState:
    """What a shared log consists of at one moment.

    `epochs`: its epochs; those of a shared log belong to the log, and a start of a node begins none. `head`: the offset of its
    newest event. `deleted_through`: the offset of its newest deleted event; 0 if none was deleted. `id_key`: the key of its
    opaque ids. `is_restored`: whether the log was restored from a backup since its last epoch began. It may have lost events
    that no copy shows, and their ids would be used again.
    """

    epochs: Epochs
    head: int
    deleted_through: int
    id_key: bytes
    is_restored: bool = False


class AlreadyStored(OrdersEventsError):
    """Raised when another request has stored an event with the same owner and event id; `offset` is the offset of that event."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"An event with this id is stored at offset {offset}.")
        self.offset = offset


class EpochEnded(OrdersEventsError):
    """Raised when events are stored under an epoch that is not the last one of the log any more."""

    def __init__(self, epoch: str) -> None:
        super().__init__(f"The epoch {epoch} of the log has ended.")
        self.epoch = epoch


class SharedLog(Protocol):
    """One log that several nodes write to and follow. All methods run on one event loop, and none of them blocks it."""

    async def open(self) -> SharedState:
        """Connect to the log, and return its state. Raises StoreRefused if the log cannot be reached or is not safe to use."""

    async def state(self) -> SharedState:
        """Return the state of the log, which includes every event that was acknowledged before this call at any node.

        Raises StoreUnavailable if the log does not answer in time.
        """

    def follow(self, after: int) -> AsyncGenerator[Sequence[StoredEvent], None]:
        """Yield the events after an offset as they are stored: in order, each once, without a hole.

        It yields no event that was stored after the log had become another one. The iterator outlasts interruptions of the connection. It
        ends if it cannot go on without a hole: the next event was deleted, or the log is not the one that it was, or has a new epoch. The
        caller then compares its copy with the log. A caller that leaves earlier closes the iterator.
        """

    async def store(self, events: Sequence[Event], epoch: str) -> int:
        """Store events, adjacent and in order, or none of them. Returns the offset of the first event once all are on disk on a
        quorum.

        At most 1,000 events, with different keys. A lost acknowledgement is resolved within this call. Raises AlreadyStored if an event
        with one of the keys is stored in this epoch; then nothing was stored. Raises EpochEnded if `epoch` is not the last one, and the
        events were not stored before it ended; StoreUnavailable if the outcome is not known in time: the events may still be stored.
        """

    async def event_at(self, offset: int) -> StoredEvent | None:
        """Return the event at an offset; None if it was deleted or is not stored yet. Raises StoreUnavailable."""

    async def begin_epoch(self, expected: Epochs, replaced_from: int | None = None) -> SharedState:
        """Begin a new epoch after the newest event; events of older epochs can no longer be stored. Return the new state.

        Events that were stored since the log was restored get an epoch of their own before the new one: no id of a lost event is theirs.
        So do those from the offset `replaced_from` on, where a copy has other events, which the log has lost.
        If the epochs of the log are no longer the `expected` ones, another node has begun one, and no epoch is begun.
        Raises StoreUnavailable.
        """

    async def close(self) -> None:
        """Leave the log. Calls that still run raise StoreUnavailable."""
