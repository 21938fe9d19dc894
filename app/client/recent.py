"""The ids that were delivered lately."""

from __future__ import annotations

from typing import Final

KEPT: Final = 10_000  # about a megabyte; a server repeats what it has just sent, or it repeats everything


class RecentIds:
    """The newest ids, in bounded memory."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._ids: dict[str, None] = {}  # keeps its order

    def add(self, event_id: str) -> bool:
        """Note an id; False where it was noted before."""
        if event_id in self._ids:
            return False
        self._ids[event_id] = None
        if len(self._ids) > self._kept:
            del self._ids[next(iter(self._ids))]
        return True

    def clear(self) -> None:
        """Forget all."""
        self._ids.clear()
