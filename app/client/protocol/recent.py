"""The ids of the last events that were delivered, to recognise an event that a server sends again."""

from __future__ import annotations

from collections import deque
from typing import Final

KEPT: Final = 10_000  # about 1 MB; a server that repeats events repeats either its last ones or all of them


class RecentIds:
    """A set of at most `kept` ids. If it is full, adding an id removes the oldest one."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._ids: set[str] = set()
        self._order: deque[str] = deque()

    def add(self, event_id: str) -> bool:
        """Add an id to the set. Return False if the set contained the id already."""
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
