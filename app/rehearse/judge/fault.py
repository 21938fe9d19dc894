"""One fault of a consumer."""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """A fault: what the consumer has to do, what it did instead, and the ids of the events in question. Both are full sentences."""

    to_do: str
    seen: str
    ids: tuple[str, ...] = ()
