"""The search of the blocks (records that describe 256 events each) for the events that may match a filter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from struct import unpack_from
from typing import NamedTuple

from app.events.filter import EVERYTHING, Filter
from app.stores.sqlite.event_blocks import WORD, Block, Expected, keys_of


class FilterKeys(NamedTuple):
    """The keys by which to search the blocks for events that match a filter; a key is the CRC-32 of a name.

    `orders`: the keys of the order ids in the filter; None if the filter has no order ids. `types`: the keys of the event
    types in the filter; None if the filter has no event types.
    """

    orders: frozenset[bytes] | None
    types: frozenset[bytes] | None

    def candidates(self, block: Block, after: int, through: int) -> list[Expected]:
        """Return the events of a block that may match the filter and have `after` < offset <= `through`, in order of their
        offsets.

        An event whose keys match may still not match the filter, because two different names can have the same key.
        """
        size, entries = block.size, block.entries
        places: Iterable[int] = range(max(0, after - block.before), min(size, through - block.before))
        for column, wanted in ((1, self.orders), (2, self.types)):
            if wanted is not None:
                places = _places(entries, WORD * (1 + column * size), size, wanted, places)
        if not places:
            return []
        checksums = unpack_from(f"<{size + 1}I", entries)
        return [(block.before + 1 + place, checksums[place], checksums[place + 1]) for place in places]


def filter_keys(filter: Filter) -> FilterKeys | None:
    """Return the keys with which to search the blocks for events that match a filter; None if the filter matches every event."""
    if filter == EVERYTHING:
        return None
    return FilterKeys(_keys(filter.order_ids), _keys(filter.event_types))


def _keys(names: Iterable[str] | None) -> frozenset[bytes] | None:
    return None if names is None else frozenset(keys_of([name]) for name in names)


def _places(entries: bytes, start: int, size: int, wanted: frozenset[bytes], places: Iterable[int]) -> Sequence[int]:
    """Return the indexes (from 0) of the events in a block that have one of the wanted keys (CRC-32 of an order id or event
    type).

    Only the indexes in `places` are searched. The keys are in `entries` from the byte `start` on.
    """
    end = start + size * WORD
    if all(
        entries.find(key, start, end) < 0 for key in wanted
    ):  # so it is with most orders, and a hundred times as fast
        return ()
    keys = unpack_from("4s" * size, entries, start)
    return [place for place in places if keys[place] in wanted]
