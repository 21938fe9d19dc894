"""Deadlines of connections, without a timer for each: connections in the order of their deadlines, looked at by one clock."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Waiting = TypeVar("Waiting", bound=Hashable)


class Deadlines(Generic[Waiting]):
    """The connections that have the same time for the same thing. The one that has waited longest is the first.

    `seconds`: the time that each has. `on_overdue`: called with each connection whose time is over; it waits no longer then.
    """

    def __init__(self, seconds: float, on_overdue: Callable[[Waiting], object]) -> None:
        self._seconds = seconds
        self._on_overdue = on_overdue
        self._deadlines: OrderedDict[Waiting, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._deadlines)

    def begin(self, waiting: Waiting) -> None:
        """Give a connection the full time, from now on, if it waits already too."""
        self._deadlines[waiting] = asyncio.get_running_loop().time() + self._seconds
        self._deadlines.move_to_end(waiting)

    def end(self, waiting: Waiting) -> None:
        """Forget a connection. Nothing happens if it does not wait."""
        self._deadlines.pop(waiting, None)

    def take_first(self) -> Waiting:
        """Return the connection that has waited longest, and forget it."""
        waiting, _ = self._deadlines.popitem(last=False)
        return waiting

    def sweep(self, now: float) -> None:
        """Call `on_overdue` for each connection whose time is over. `now`: in seconds of the event loop's clock."""
        for _ in range(len(self._deadlines)):
            if next(iter(self._deadlines.values())) > now:
                return
            self._on_overdue(self.take_first())
