"""The summary of `tail --stats`: how many events came, how fast, and how many gaps there were."""

from __future__ import annotations

import json
import shutil
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TextIO

from app.cli.output.terminal import one_line
from app.client import Gap, OrderEvent

_RECENT_SECONDS: Final = 10  # the live rate is that of these seconds
_SHOWN_SECONDS: Final = 0.5
_CLEAR_LINE: Final = "\r\N{ESCAPE}[K"


class Statistics:
    """What has come on a stream so far. `clock`: returns the time in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._types: Counter[str] = Counter()
        self._gaps = 0
        self._recent: deque[list[int]] = deque(
            maxlen=_RECENT_SECONDS
        )  # of each second with events: its number, and how many

    def add(self, value: OrderEvent | Gap) -> None:
        """Count an event or a gap."""
        if isinstance(value, Gap):
            self._gaps += 1
            return
        self._types[value.event_type] += 1
        second = int(self._clock() - self._began)
        if not self._recent or self._recent[-1][0] != second:
            self._recent.append([second, 0])
        self._recent[-1][1] += 1

    def live(self) -> str:
        """Return one line with the rate of the last seconds."""
        elapsed = self._clock() - self._began
        since = elapsed - _RECENT_SECONDS
        recent = sum(count for second, count in tuple(self._recent) if second > since)
        rate = recent / max(1.0, min(elapsed, _RECENT_SECONDS))
        return "  ".join(
            [f"{self._types.total():,} events", f"{rate:,.1f} a second", self._gaps_in_words(), *self._each_type()]
        )

    def summary(self) -> str:
        """Return one line with the mean rate of the whole time."""
        elapsed = self._clock() - self._began
        rate = self._types.total() / max(elapsed, 0.001)
        total = f"{self._types.total():,} events in {elapsed:,.1f} s"
        return "  ".join([total, f"{rate:,.1f} a second", self._gaps_in_words(), *self._each_type()])

    def as_json(self) -> str:
        """Return the same as an object of JSON, for programs."""
        elapsed = round(self._clock() - self._began, 3)
        return json.dumps(
            {
                "events": self._types.total(),
                "seconds": elapsed,
                "gaps": self._gaps,
                "eventTypes": dict(sorted(self._types.items())),
            }
        )

    def _gaps_in_words(self) -> str:
        return f"{self._gaps:,} gap{'' if self._gaps == 1 else 's'}"

    def _each_type(self) -> Iterator[str]:
        return (f"{one_line(name)} {count:,}" for name, count in sorted(self._types.items()))


@contextmanager
def shown_live(statistics: Statistics, terminal: TextIO | None = sys.stderr) -> Iterator[Callable[[], None]]:
    """Show the live line on a terminal twice a second until the context ends; nothing is shown if the stream is not a terminal.

    Yields a function that removes the line from the terminal, so that a message can be printed.
    """
    if terminal is None or not terminal.isatty():
        yield lambda: None
        return
    over = threading.Event()

    def clear() -> None:
        terminal.write(_CLEAR_LINE)
        terminal.flush()

    def show() -> None:
        while not over.wait(_SHOWN_SECONDS):
            terminal.write(_CLEAR_LINE + statistics.live()[: shutil.get_terminal_size().columns - 1])
            terminal.flush()

    thread = threading.Thread(target=show, daemon=True)
    thread.start()
    try:
        yield clear
    finally:
        over.set()
        thread.join()
        clear()
