"""Show on a terminal how far a file is published, in one line that is written over."""

from __future__ import annotations

import sys
from typing import TextIO

BAR_WIDTH = 30
_CLEAR = "\r\N{ESCAPE}[K"


class Progress:
    """A bar where the file's size is known, a count where it is not, nothing where nobody looks."""

    def __init__(self, size_bytes: int | None, terminal: TextIO = sys.stderr) -> None:
        self._size_bytes = size_bytes
        self._terminal = terminal if terminal.isatty() else None

    def show(self, bytes_read: int, events: int) -> None:
        count = f"{events:,} events"
        if self._size_bytes:
            share = min(bytes_read / self._size_bytes, 1.0)
            count = f"[{'#' * int(share * BAR_WIDTH):{BAR_WIDTH}}] {share:4.0%}  {count}"
        self._write(_CLEAR + count)

    def clear(self) -> None:
        """Make room for other output."""
        self._write(_CLEAR)

    def _write(self, text: str) -> None:
        if self._terminal is not None:
            self._terminal.write(text)
            self._terminal.flush()
