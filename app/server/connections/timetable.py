"""The times by which connections must make progress, in one table for all connections."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final, Protocol

NEVER: Final = -1


class Timed(Protocol):
    """A connection that can have a deadline, one at a time."""

    due_second: int
    """The second of the table's clock in which the deadline passes; NEVER if there is none. Only the table changes it."""

    def on_deadline(self) -> None:
        """Handle that the deadline has passed. The connection has no deadline now, and may set another one."""


class Timetable:
    """The connections that have a deadline, by the second in which it passes.

    One call of `sweep` looks at all that passed, so no connection needs a timer or a task. To set, move or clear a deadline
    takes constant time.

    `now`: a clock in seconds that never goes back. `cuts`: the connections that were closed at their deadlines, counted by what they
    waited for.
    """

    def __init__(self, now: Callable[[], float], cuts: Counter[str] | None = None) -> None:
        self._now = now
        self.cuts = Counter[str]() if cuts is None else cuts
        self._swept_second = int(now())
        self._connections: dict[int, set[Timed]] = {}

    @property
    def now(self) -> float:
        """The present time of the clock, in seconds."""
        return self._now()

    def set(self, connection: Timed, seconds: float) -> None:
        """Let a deadline pass within so many seconds, up to one second earlier. It replaces the deadline that the connection has."""
        second = max(int(self._now() + seconds), self._swept_second + 1)
        if second != connection.due_second:
            self.clear(connection)
            connection.due_second = second
            self._connections.setdefault(second, set()).add(connection)

    def clear(self, connection: Timed) -> None:
        """Remove the deadline of a connection, if it has one."""
        if connection.due_second != NEVER:
            self._connections[connection.due_second].discard(connection)
            connection.due_second = NEVER

    def sweep(self) -> None:
        """Call `on_deadline` of each connection whose deadline has passed."""
        present = int(self._now())
        for second in sorted(each for each in self._connections if each <= present):
            self._swept_second = second
            due = self._connections[second]
            while due:
                connection = due.pop()
                connection.due_second = NEVER
                connection.on_deadline()
            del self._connections[second]
        self._swept_second = max(self._swept_second, present)
