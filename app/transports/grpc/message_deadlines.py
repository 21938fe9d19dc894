"""The time that clients have for messages that a call cannot go on without.

grpcio waits for a message without end, and holds what has come of it: up to 8 MiB in each of the 100 calls that a connection may have. For
a method that takes one message, it does so before it calls the handler, which is the first to see whether the client has an access token. So
all handlers here are those of methods that take many messages, and read the first one themselves. On the wire, both are the same.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import grpc

from app.events.delivery.timing.expiries import Expiries
from app.server.connections.timed_connection import BODY_BYTES_PER_SECOND, SECONDS, Wait
from app.specification.errors import OrdersEventsError
from app.transports.grpc.callers import Context

MESSAGE_SECONDS: Final = SECONDS[Wait.BODY]


class MessageLate(OrdersEventsError):
    """Raised when a message of a client does not come in time."""

    def __init__(self) -> None:
        super().__init__("The message did not come within the time that it is given.")


class MessageDeadlines:
    """The calls that wait for a message now.

    `abort`: ends a call soon, with the status of an error. `cuts`: counts the calls that were ended as `body`, like slow requests over
    HTTP.
    """

    def __init__(self, abort: Callable[[Context, OrdersEventsError], None], cuts: Counter[str]) -> None:
        self._abort = abort
        self._cuts = cuts
        self._waiting = Expiries[Context](time.monotonic, self._end)

    async def read(self, context: Context, seconds: float = MESSAGE_SECONDS) -> Any:
        """Read the next message of a call; return grpc.aio.EOF after the last one. The call ends if it does not come within so many
        seconds.
        """
        self._waiting.set(context, time.monotonic() + seconds)
        try:
            return await context.read()
        finally:
            self._waiting.forget(context)

    async def read_all(self, context: Context) -> AsyncIterator[Any]:
        """Read the messages of a call, each of which must come in time."""
        while (message := await self.read(context)) is not grpc.aio.EOF:
            yield message

    def _end(self, context: Context) -> None:
        self._cuts["body"] += 1
        self._abort(context, MessageLate())


def seconds_for(size: int) -> float:
    """Return the time for a message of up to `size` bytes: as much as the body of a request has.

    grpcio does not show what has come of a message, so a client that sends nothing has as much time as a slow one.
    """
    return MESSAGE_SECONDS + size / BODY_BYTES_PER_SECOND
