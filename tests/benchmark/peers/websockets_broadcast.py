"""The library websockets: `broadcast` to every connection, which makes the frame once; without compression and pings, as they cost time.

Its arguments are the port of HTTP and the port of WebSocket.
"""

from __future__ import annotations

import asyncio
import sys

from websockets.asyncio.server import ServerConnection, broadcast, serve

from tests.benchmark.peers.publishing import serve_publishing

connections: set[ServerConnection] = set()
published = 0


async def keep(connection: ServerConnection) -> None:
    connections.add(connection)
    try:
        await connection.wait_closed()
    finally:
        connections.discard(connection)


def publish(line: str) -> None:
    global published  # noqa: PLW0603  # the count of the whole program
    published += 1
    broadcast(connections, f'{{"id":"{published}","data":{line}}}')


async def main(port: int, stream_port: int) -> None:
    async with serve(keep, "127.0.0.1", stream_port, compression=None, ping_interval=None, backlog=2048):
        await serve_publishing(port, publish)


asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
