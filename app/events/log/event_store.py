"""The interface of a store: the methods and guarantees that each kind of storage for the log must provide.

A store keeps events in one total order, and gives each event a strictly increasing offset (offsets may be skipped). An event
that a store has acknowledged is kept until retention deletes it. `tests/stores/test_event_store.py` checks that every store
does what this file says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from app.events.event import Event, StoredEvent
from app.events.event_columns import positions_of
from app.events.filter import Filter
from app.events.log.write_health import DiskUse, WriteHealth
from app.events.position import Epochs, Floor, OpaqueId, write_position
from app.specification.errors import OrdersEventsError

ID_KEY_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Opened:
    """The state of a log when its store was opened: its epochs, the offset of its newest event (`head`), and its newest
    deleted event (`floor`).

    New events belong to the last epoch in `epochs`. In a log that one server writes, an epoch is the part that is written after
    one start, so the last epoch is new. In a log that several servers share, the epochs belong to the log: a start begins none.
    `id_key`: ID_KEY_BYTES random bytes, made with the log and kept in it: the key of its opaque ids.
    """

    epochs: Epochs
    head: int
    floor: Floor
    id_key: bytes


class Commit(NamedTuple):
    """A change of the log that is on disk: the appended events in order, and the floor (the newest deleted event) after the
    change.

    `events` is empty if the change only deleted events. `epochs` has all epochs of the log if this change recorded a new
    epoch, else None. The epoch of a start is normally recorded when the log is opened; a later change records it only if the disk
    was full at that time. An epoch of a log that several servers share may begin at any time.

    `replaced` is None, except if the readers of a shared log must start again from their ids: its newest events are lost, events
    were deleted before this server had read them, or the log was made anew. It is then the state in which the log goes on, and
    `events` is empty.
    """

    events: Sequence[StoredEvent]
    floor: Floor
    epochs: Epochs | None = None
    replaced: Opened | None = None


class Appended(NamedTuple):
    """The outcome for one submitted event: the event as it is stored, and whether it is a duplicate (had been stored before)."""

    stored: StoredEvent
    duplicate: bool


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Page:
    """The result of reading the log with a filter: the matching events, and the offset through which the log was searched for
    them.

    Two pages are equal only if they are the same object. So the encoded bytes of a page can be cached, and shared by many
    readers. `opaque_ids`: the ids of the events for readers that are sent opaque ids; empty for all others. A store leaves it
    empty.
    """

    events: Sequence[StoredEvent]
    through: int
    opaque_ids: Sequence[OpaqueId] = ()

    @property
    def ids(self) -> Sequence[str]:
        """The ids of the events, as the readers of this page are sent them."""
        return self.opaque_ids or [write_position(epoch, offset) for epoch, offset in positions_of(self.events)]


class Counted(NamedTuple):
    """The numbers of matching events in a piece of the log, and the offset through which events were counted.

    `counts`: by the number of the interval in which they were stored, counted from 1970-01-01 UTC, and by their type.
    """

    counts: Mapping[tuple[int, str], int]
    through: int


class BelowFloor(OrdersEventsError):
    """Raised when an event after the requested offset has been deleted; `floor` is the newest deleted event."""

    def __init__(self, floor: Floor) -> None:
        super().__init__(f"The events through offset {floor.offset} have been deleted.")
        self.floor = floor


class EventStore(Protocol):
    """The storage of one log. All methods run on one event loop, and none of them blocks the event loop."""

    async def open(self, on_commit: Callable[[Commit], None]) -> Opened:
        """Open the log, and return the state of the log. A log that no other server writes begins a new epoch: the part of the
        log that is written after this start.

        The epoch is stored before this method returns. If the disk is full, the epoch is stored with the first commit.

        From now on `on_commit` is called on the event loop once for each commit, in the order of the log: after the commit is
        on disk, and before the calls of `append` whose events are in the commit return. Raises StoreRefused if the log cannot
        be opened.
        """

    async def sync(self) -> None:
        """Return once every event that was acknowledged before this call is reported to `on_commit`, also if another server of a
        shared log acknowledged it.

        A store of one server has nothing to wait for: it returns at once, without a turn of the event loop. Raises
        StoreUnavailable if it cannot be found out in time which events were acknowledged.
        """

    async def append(self, events: Sequence[Event]) -> list[Appended]:
        """Store all events, adjacent and in order, or none of them. Returns the outcome for each event, once all are on disk.

        An event is not stored again if an event with the same owner and the same `event_id` is in the log, or earlier in
        `events`; events without an owner count as events of one owner. Raises EventIdConflict if these two events differ in
        content (see `same_content`), StoreUnavailable if the store cannot write.
        """

    async def read(self, after: int, through: int, filter: Filter, limit: int) -> Page:
        """Return a page with the first `limit` matching events that have `after` < offset <= `through`.

        A store may search only a part of this range, to limit the cost of a call. The `through` of the returned page is the
        offset up to which the store has searched; if the range is not empty, it is greater than `after`. Raises BelowFloor if
        an event after `after` has been deleted, StoreUnavailable if the store cannot read.
        """

    async def count(self, after: int, through: int, filter: Filter, interval_us: int) -> Counted:
        """Count the matching events that have `after` < offset <= `through`, by interval and type.

        `interval_us`: the length of an interval, in microseconds. As with `read`, only a part of the range may be counted: up to
        the `through` of the result, which is greater than `after` if the range is not empty. Raises BelowFloor if an event after
        `after` has been deleted, StoreUnavailable if the store cannot read.
        """

    async def offset_before(self, stored_at_us: int) -> int:
        """Return the offset just before the first event that was stored at or after a time.

        If there is no such event, return the offset of the newest event. Raises StoreUnavailable if the store cannot read.
        """

    @property
    def write_health(self) -> WriteHealth:
        """What is counted of the writes of this store."""

    def disk_use(self) -> DiskUse | None:
        """Return how much of the disk the log takes; None if it is not on a disk, or this cannot be found out."""

    def check(self) -> None:
        """Raise StoreUnavailable if it is known that the log cannot be used now, or is not read up to its newest events since
        its start. This method is fast: it reads no events.
        """

    async def close(self) -> None:
        """Store the events that were already passed to `append`, then close the log."""
