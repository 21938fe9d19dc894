"""A crowd of connections that wait to be accepted, on the event loop of the server."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import uvloop

from app.server.accept_queue import MORE_HANDLES, AcceptQueue
from app.server.listener import BACKLOG, listen

CROWD = 200


def test_a_crowd_is_accepted_in_few_turns_again_and_again() -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, listen("127.0.0.1", 0) as listener:
        assert max(runner.run(turns_for_crowds(listener))) < CROWD / (MORE_HANDLES - 1)


async def turns_for_crowds(listener: socket.socket) -> list[int]:
    """Return in how many turns each of two crowds was accepted, once no file is open that was not open before."""
    accepted = 0

    class Accepted(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            nonlocal accepted
            accepted += 1
            queue.note_accepted()
            transport.close()

    queue = AcceptQueue(listener, Accepted)
    needed = []
    async with await asyncio.get_running_loop().create_server(Accepted, sock=listener, backlog=BACKLOG):
        await asyncio.sleep(0)
        files = open_files()
        for _ in range(2):
            expected, turns = accepted + CROWD, 0
            with crowd(listener):
                while accepted < expected:
                    await asyncio.sleep(0)
                    turns += 1
            needed.append(turns)
        while open_files() > files:  # noqa: ASYNC110  # nothing tells when the last one was closed
            await asyncio.sleep(0)
    queue.note_accepted()  # of a connection that was accepted at the end
    return needed


@contextmanager
def crowd(listener: socket.socket) -> Iterator[None]:
    with ExitStack() as clients:
        for _ in range(CROWD):
            clients.enter_context(socket.create_connection(listener.getsockname()))
        yield


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())
