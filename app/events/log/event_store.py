"""The store port: the methods and promises of a place where the events of a log are kept.

A store keeps events in one total order, gives each a strictly increasing offset (offsets may skip), and keeps each that it has
acknowledged until retention deletes it. `tests/stores/test_event_store.py` checks every store against this page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from app.events.event import Event, StoredEvent
from app.events.filter import Filter
from app.events.position import Epochs, Floor
from app.specification.errors import OrdersEventsError


@dataclass(frozen=True, slots=True)
class Opened:
    """A log as a store found it: its epochs (the last one opened by this start), newest offset, and floor."""

    epochs: Epochs
    head: int
    floor: Floor


class Commit(NamedTuple):
    """A change of the log that is now on disk: the appended events in order (none if events were only deleted), and the floor after it.

    `epochs` are the log's epochs if this step recorded one, which happens if the disk was full at the start.
    """

    events: Sequence[StoredEvent]
    floor: Floor
    epochs: Epochs | None = None


class Appended(NamedTuple):
    """The outcome for one event: the event as it is stored, and whether it had been stored before."""

    stored: StoredEvent
    duplicate: bool


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Page:
    """A part of the log: matching events, and the offset up to which the log was searched for them.

    Compared by identity, so that a page that many readers were handed can be encoded once.
    """

    events: Sequence[StoredEvent]
    through: int


class BelowFloor(OrdersEventsError):
    """Raised when an event after the requested offset has been deleted; `floor` is the newest deleted one."""

    def __init__(self, floor: Floor) -> None:
        super().__init__(f"The events through offset {floor.offset} have been deleted.")
        self.floor = floor


class EventStore(Protocol):
    """The place where a log is kept. All methods run on one event loop; none of them blocks it."""

    async def open(self, on_commit: Callable[[Commit], None]) -> Opened:
        """Open the log and begin a new epoch, which is stored before this returns or, if the disk is full, before the first commit.

        From now on `on_commit` is called on the event loop once per commit, in log order, after the commit is durable
        and before the `append` that it belongs to returns. Raises StoreRefused.
        """

    async def append(self, events: Sequence[Event]) -> list[Appended]:
        """Store all events, adjacent and in order, or none; return when they are durable.

        An event whose `event_id` is retained, or stood earlier in `events`, is not stored again. Raises EventIdConflict if
        its content differs (see `same_content`), StoreUnavailable if the store cannot write.
        """

    async def read(self, after: int, through: int, filter: Filter, limit: int) -> Page:
        """Read the first `limit` matching events with `after` < offset <= `through`.

        A store may stop examining early to bound the cost of a call; the page says how far it came, always beyond `after`.
        Raises BelowFloor if an event after `after` has been deleted, StoreUnavailable if the store cannot read.
        """

    async def offset_before(self, stored_at_us: int) -> int:
        """Find the offset just before the first event stored at or after a time; the newest offset if there is none.

        Raises StoreUnavailable if the store cannot read.
        """

    def check(self) -> None:
        """Raise StoreUnavailable if the log is known to be out of reach now; this costs next to nothing."""

    async def close(self) -> None:
        """Write the events that were accepted, and release the log."""
