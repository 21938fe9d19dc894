"""The order of large work: in each turn of the event loop, at most one piece of it is done, of whichever request.

A turn of the event loop is as long as all that is ready in it. If each of several large requests did one piece of its work in every
turn, an event that was stored meanwhile would wait for all of them, and again in each of the turns that it needs to be delivered.

The thread that stores events must not wait either. CPython runs one thread at a time: a thread that waits for its lock demands it once
the lock was not released for the switch interval, 5 ms. The event loop releases the lock in each turn, and takes it back sooner than
another thread wakes up. So while large work made turns of a millisecond, nothing was demanded, and a commit waited for up to 850 ms.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from typing import Final

SMALL_BYTES: Final = 16 * 1024  # of JSON or of a message: read in 100 µs, so it needs no turn

USUAL_SWITCH_SECONDS: Final = sys.getswitchinterval()
# Less than a piece takes. If it were always so short, commits would be of fewer events, and cost more.
LARGE_WORK_SWITCH_SECONDS: Final = 0.0001


class Turnstile:
    """Lets one piece of large work through in each turn of the event loop, in the order in which the pieces came. Meanwhile other
    threads of the process need not wait long.

    A piece should take a millisecond or two. Requests whose work is small do not come here.
    """

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_taken = False

    async def enter(self) -> None:
        """Wait until a piece of large work may begin: it may at once if no other one was let through in this turn."""
        loop = asyncio.get_running_loop()
        if not self._is_taken:
            self._is_taken = True
            sys.setswitchinterval(LARGE_WORK_SWITCH_SECONDS)
            loop.call_soon(self._let_through)
            return
        entrance = loop.create_future()
        self._waiting.append(entrance)
        await entrance

    def _let_through(self) -> None:
        while self._waiting:
            entrance = self._waiting.popleft()
            if not entrance.cancelled():  # its request has been given up
                entrance.set_result(None)  # the work begins in the next turn, before the next call of this function
                asyncio.get_running_loop().call_soon(self._let_through)
                return
        self._is_taken = False
        sys.setswitchinterval(USUAL_SWITCH_SECONDS)
