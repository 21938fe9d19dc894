"""The ids of the events that were delivered recently."""

from __future__ import annotations

from collections import deque
from typing import Final

KEPT: Final = 10_000  # about a megabyte; a server repeats what it has just sent, or it repeats everything


class RecentIds:
    """A set of the newest ids, of at most `kept`: adding one more removes the oldest."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._ids: set[str] = set()
        self._order: deque[str] = deque()

    def add(self, event_id: str) -> bool:
        """Add an id. Return whether it is new."""
        if event_id in self._ids:
            return False
        self._ids.add(event_id)
        self._order.append(event_id)
        if len(self._order) > self._kept:
            self._ids.remove(self._order.popleft())
        return True

    def clear(self) -> None:
        """Remove all ids."""
        self._ids.clear()
        self._order.clear()
