"""The progress of a publication, as a line on a terminal: how much is published, how fast, and when it will be done."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Final, TextIO

BAR_WIDTH: Final = 30
_CLEAR_LINE: Final = "\r\N{ESCAPE}[K"
_FIRST_SECONDS: Final = 0.5  # before that, a rate says nothing


class Progress:
    """A line on standard error that shows how much of a file is published. Nothing is shown if standard error is not a terminal.

    `size_bytes`: the size of the file, to show a progress bar and the estimated end; None if the size is unknown: only the number of
    events and their rate are shown. `clock`: returns the time in seconds.
    """

    def __init__(
        self,
        size_bytes: int | None,
        terminal: TextIO | None = sys.stderr,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._size_bytes = size_bytes
        self._terminal = terminal if terminal is not None and terminal.isatty() else None
        self._clock = clock
        self._began = clock()

    def show(self, bytes_read: int, events: int) -> None:
        elapsed = self._clock() - self._began
        parts = [f"{events:,} events"]
        if elapsed >= _FIRST_SECONDS:
            parts.append(f"{events / elapsed:,.0f} a second")
        if self._size_bytes:
            share = min(bytes_read / self._size_bytes, 1.0)
            parts[0] = f"[{'#' * int(share * BAR_WIDTH):{BAR_WIDTH}}] {share:4.0%}  {parts[0]}"
            if elapsed >= _FIRST_SECONDS and 0 < share < 1:
                parts.append(f"{_duration(elapsed * (1 - share) / share)} left")
        self._write(_CLEAR_LINE + "  ".join(parts))

    def clear(self) -> None:
        """Remove the progress line from the terminal, so that other output can be printed."""
        self._write(_CLEAR_LINE)

    def _write(self, text: str) -> None:
        if self._terminal is not None:
            self._terminal.write(text)
            self._terminal.flush()


def _duration(seconds: float) -> str:
    whole = max(1, round(seconds))
    return f"{whole} s" if whole < 120 else f"{round(whole / 60)} min"
