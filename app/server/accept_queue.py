"""The connections that wait to be accepted. uvloop accepts one on each listening handle in each turn of the event loop.

With one handle and a few hundred clients that connect again and again, a new client would wait for hundreds of turns, each with the work
of the clients before it.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Final

from app.server.listener import BACKLOG

MORE_HANDLES: Final = 7
FEW_WAITING: Final = 8  # they are accepted before there are more handles
UNCOUNTED: Final = 4  # connections are accepted from one count of those that wait to the next, as a count takes 2 µs

# Of the structure `tcp_info` (linux/tcp.h). For a socket that listens, `tcpi_unacked` is how many connections wait.
_UNACKED: Final = slice(24, 28)


class AcceptQueue:
    """Accepts more connections in each turn of the event loop while many wait.

    `listener`: the socket, on which the event loop accepts connections. `make_protocol`: makes the protocol of a connection.
    """

    def __init__(self, listener: socket.socket, make_protocol: Callable[[], asyncio.Protocol]) -> None:
        self._listener = listener
        self._make_protocol = make_protocol
        self._accepted = 0
        self._accepting: asyncio.Task[None] | None = None  # the event loop alone would not keep it alive

    def note_accepted(self) -> None:
        """Accept faster from now on if many connections wait. Call this for each connection that was accepted."""
        self._accepted += 1
        if self._accepted % UNCOUNTED == 0 and self._accepting is None and self._waiting() > FEW_WAITING:
            self._accepting = asyncio.create_task(self._accept_all())

    def _waiting(self) -> int:
        """Return how many connections wait; 0 if that cannot be found out, or nothing is accepted any more."""
        if not hasattr(socket, "TCP_INFO") or self._listener.fileno() == -1:
            return 0
        info = self._listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _UNACKED.stop)
        return int.from_bytes(info[_UNACKED], sys.byteorder)

    async def _accept_all(self) -> None:
        try:
            async with AsyncExitStack() as handles:
                for _ in range(MORE_HANDLES):
                    handles.callback((await self._listen_once_more()).close)
                while self._waiting():  # noqa: ASYNC110  # nothing tells when the last one was accepted
                    await asyncio.sleep(0)
        except OSError:
            pass  # there are too many files to open one more, so that nothing can be accepted faster
        finally:
            self._accepting = None

    async def _listen_once_more(self) -> asyncio.Server:
        same = self._listener.dup()
        return await asyncio.get_running_loop().create_server(self._make_protocol, sock=same, backlog=BACKLOG)
