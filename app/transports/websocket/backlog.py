"""The messages of one connection that wait, because a large one is among them: it is read in turn with other large work.

To parse a message of 8 MB takes 50 ms, and connections whose messages are complete in the same turn of the event loop would add up.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from app.events.publishing.turnstile import SMALL_BYTES, Turnstile
from app.server.take_over import DuplexConnection


class Backlog:
    """The messages that were received and not handled yet, in their order. It exists while there are any.

    Meanwhile nothing more is received from the client, so that few messages are in memory.

    `handle`: handles a message. `connection`: that of the client. `turnstile`: orders the work on large messages.
    """

    def __init__(self, handle: Callable[[bytes], None], connection: DuplexConnection, turnstile: Turnstile) -> None:
        self._handle = handle
        self._connection = connection
        self._turnstile = turnstile
        self._texts: deque[bytes] = deque()
        self._finish: Callable[[], None] | None = None

    @property
    def is_complete(self) -> bool:
        """Whether the client sends no more messages."""
        return self._finish is not None

    def add(self, text: bytes) -> None:
        self._texts.append(text)
        self._connection.pause_reading()  # each time: the publications of the connection resume it, too

    def complete(self, finish: Callable[[], None]) -> None:
        """Call `finish` after the last message, because the client has ended the connection."""
        self._finish = finish

    async def handle_all(self) -> None:
        """Handle all messages, also those that are added meanwhile. The caller resumes reading."""
        while self._texts:
            if len(self._texts[0]) > SMALL_BYTES:
                await self._turnstile.enter()
            self._handle(self._texts.popleft())
        if self._finish is not None:
            self._finish()
