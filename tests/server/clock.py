"""A clock that a test moves by hand, and the deadlines that go by it."""

from __future__ import annotations

from app.server.connections.timetable import Timetable


class Clock:
    """A clock that stands still until it is moved. `timetable`: swept ten times in each second that passes, as by the server."""

    def __init__(self) -> None:
        self._now = 1000.5
        self.timetable = Timetable(lambda: self._now)

    def pass_seconds(self, seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            self._now += 0.1
            self.timetable.sweep()
