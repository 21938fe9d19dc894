"""What the clients of all connections may send together, and each of them in a second."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Final

from app.transports.websocket.deadlines import Deadlines
from app.transports.websocket.errors import CloseCode, ConnectionFault

if TYPE_CHECKING:
    from app.transports.websocket.session import Session

UNFINISHED_BYTES: Final = 64 * 1024 * 1024
UNFINISHED_SECONDS: Final = 30.0  # as for the body of a request, of which 16 KiB more must come in each second
PROGRESS_BYTES: Final = 480 * 1024  # 16 KiB in each of those seconds

_OVERLOADED: Final = ConnectionFault(CloseCode.OVERLOADED, "The server holds too many unfinished messages.")
_NOT_IN_TIME: Final = ConnectionFault(CloseCode.NOT_IN_TIME, "The rest of the message did not come in time.")


class UnfinishedMessages:
    """The messages that were received in part, of all connections together.

    If they take too much memory, the connection whose message began first is closed: an honest client has sent the rest of a
    message soon.
    """

    def __init__(self) -> None:
        self._deadlines: Deadlines[Session] = Deadlines(UNFINISHED_SECONDS, lambda session: session.close(_NOT_IN_TIME))
        self._bytes: dict[Session, int] = {}
        self._marks: dict[Session, int] = {}  # how many bytes there were when the time of a connection began
        self.total_bytes = 0
        self.sweep = self._deadlines.sweep

    def note(self, session: Session, size: int, *, has_finished: bool) -> None:
        """Record how many bytes of unfinished messages a connection holds now.

        `has_finished`: whether a message was completed since the last call.
        """
        self.total_bytes += size - self._bytes.pop(session, 0)
        if not size:
            self._forget(session)
            return
        self._bytes[session] = size
        mark = self._marks.get(session)
        if mark is None or has_finished or size - mark >= PROGRESS_BYTES:
            self._marks[session] = size
            self._deadlines.begin(session)
        while self.total_bytes > UNFINISHED_BYTES:
            self._deadlines.take_first().close(_OVERLOADED)

    def _forget(self, session: Session) -> None:
        self._marks.pop(session, None)
        self._deadlines.end(session)


class MessageRates:
    """How many messages each client has sent in the present second. `maximum`: the most that are allowed."""

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self._counts: Counter[Session] = Counter()
        self._ends_at = 0.0

    def count(self, session: Session, messages: int) -> None:
        """Count messages of a client. Raises ConnectionFault if there are too many in this second."""
        now = asyncio.get_running_loop().time()
        if now >= self._ends_at:
            self._counts.clear()
            self._ends_at = now + 1
        self._counts[session] += messages
        if self._counts[session] > self._maximum:
            reason = f"More than {self._maximum} messages came in one second."
            raise ConnectionFault(CloseCode.TOO_MANY_MESSAGES, reason)
