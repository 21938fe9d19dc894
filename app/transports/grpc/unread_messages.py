"""The time that clients have to read what a call sends them, as over HTTP: 30 seconds, and one more for each 16 KiB of a message.

The flow control of HTTP/2 lets a client leave a message unread without end, while its connection is alive. Such a call would keep its
place among the streams, also after its access token has expired.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Hashable
from typing import Final, Protocol

from app.events.delivery.timing.expiries import Expiries
from app.server.connections.slow_reader import READER_SECONDS
from app.specification.errors import OrdersEventsError
from app.transports.grpc.callers import Context

_BYTES_PER_SECOND: Final = 16 * 1024  # a client that reads as much is slow, and has not stopped


class ReaderStalled(OrdersEventsError):
    """Raised when a client does not read in time what it is sent."""

    def __init__(self) -> None:
        super().__init__("The events were not read in time; subscribe again after the last id.")


class Call(Hashable, Protocol):
    """A call that sends messages. `context`: that of grpcio."""

    context: Context

    def give_up(self) -> None:
        """Send nothing more, because the client has stopped reading."""


class UnreadMessages:
    """The calls whose clients have not read a message yet.

    `abort`: ends a call soon, with the status of an error; the client is sent it once it reads on. `cuts`: counts the calls that were ended
    as `reader`, like slow readers over HTTP.
    """

    def __init__(self, abort: Callable[[Context, OrdersEventsError], None], cuts: Counter[str]) -> None:
        self._abort = abort
        self._cuts = cuts
        self._unread = Expiries[Call](time.monotonic, self._end)

    async def write(self, call: Call, message: bytes) -> None:
        """Send a message, and return once the connection has taken it."""
        self._unread.set(call, time.monotonic() + READER_SECONDS + len(message) / _BYTES_PER_SECOND)
        try:
            await call.context.write(message)
        finally:
            self._unread.forget(call)

    def _end(self, call: Call) -> None:
        self._cuts["reader"] += 1
        call.give_up()
        self._abort(call.context, ReaderStalled())
