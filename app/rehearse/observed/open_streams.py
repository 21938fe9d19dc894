"""Which streams of a consumer are open at the same time."""

from __future__ import annotations

import time

from app.rehearse.observed.observations import Asked


class OpenStreams:
    """The streams that are open, and for each the earlier ones that were open when it was asked for and still are."""

    def __init__(self) -> None:
        self._earlier: dict[Asked, set[Asked]] = {}

    def open(self, asked: Asked) -> None:
        """Take note that a stream begins."""
        if self._earlier:
            asked.beside_from = asked.at
        self._earlier[asked] = set(self._earlier)

    def close(self, asked: Asked) -> None:
        """Take note that a stream has ended, if it was open: it is no longer beside others."""
        if self._earlier.pop(asked, None) is None:
            return
        for earlier in self._earlier.values():
            earlier.discard(asked)
        for each in (asked, *self._earlier):
            if each.is_beside and not self._earlier.get(each):
                each.beside_until = time.monotonic()
