"""The ids that readers are sent and send back: positions, or opaque ids for readers that may not see every event of the log.

A filter says which of the two a reader has (`Filter.restricted`). So all readers that share a page, and its encoded form, have the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from app.events.event_columns import positions_of
from app.events.filter import Filter
from app.events.log.event_store import Appended, Page
from app.events.position import OpaqueId, Position, parse_position

if TYPE_CHECKING:
    from app.events.log.opaque_ids import OpaqueIds


class ReaderIds:
    """The ids of one log. `key`: the key of the log for opaque ids, see `Opened.id_key`."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of_place(self, position: Position) -> OpaqueId:
        """Return a new opaque id for the place of a restricted reader in the log."""
        return self._opaque.of_place(position)

    def of_published(self, appended: Sequence[Appended], permitted: Filter) -> Sequence[str]:
        """Return the ids of published events for their publisher. `permitted`: the events that the publisher may publish."""
        if permitted.restricted:
            return self._opaque.of_events((stored.epoch, stored.offset) for stored, _ in appended)
        return [f"{stored.epoch}-{stored.offset}" for stored, _ in appended]

    def page(self, page: Page, filter: Filter) -> Page:
        """Return a page with the ids of its events that readers with this filter are sent."""
        if not filter.restricted or not page.events:
            return page
        return Page(page.events, page.through, self._opaque.of_events(positions_of(page.events)))

    def position(self, text: str, filter: Filter) -> Position | None:
        """Return the position that an id of a reader stands for; None if the log cannot have sent it to this reader.

        A restricted reader may send opaque ids only. It could otherwise find out, by trying positions, how many events there are.
        """
        if filter.restricted:
            return self._opaque.position(text)
        return parse_position(text) or self._opaque.position(text)

    @cached_property
    def _opaque(self) -> OpaqueIds:
        from app.events.log.opaque_ids import OpaqueIds  # noqa: PLC0415 - takes 8 MB, which a server without keys does not need

        return OpaqueIds(self._key)
