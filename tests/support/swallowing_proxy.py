"""A proxy on loopback whose answers can be swallowed: what was sent arrives, and the sender never learns it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class SwallowingProxy:
    """A proxy in front of one TCP server. `is_swallowing`: whether what the server sends is dropped. `left`: set when a client
    closes its connection.
    """

    def __init__(self, port: int) -> None:
        self.is_swallowing = False
        self.left = asyncio.Event()
        self.port = 0
        self._server_port = port
        self._writers: set[asyncio.StreamWriter] = set()
        self._connections: set[asyncio.Task[None]] = set()

    def cut(self) -> None:
        """Break all connections, and swallow nothing more."""
        self.is_swallowing = False
        for writer in self._writers:
            writer.transport.abort()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(self._join(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def close(self) -> None:
        """Break all connections, and wait until they are over."""
        self.cut()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Connect a client with the server; if there is none now, close the client's connection."""
        try:
            answers, requests = await asyncio.open_connection("127.0.0.1", self._server_port)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, requests}
        await asyncio.gather(self._pump(reader, requests, swallow=False), self._pump(answers, writer, swallow=True))

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, swallow: bool) -> None:
        try:
            while data := await source.read(65536):
                if not (swallow and self.is_swallowing):
                    sink.write(data)
                    await sink.drain()
        except ConnectionError:
            pass
        finally:
            if not swallow:
                self.left.set()
            sink.close()
            self._writers.discard(sink)


@asynccontextmanager
async def swallowing_proxy(port: int) -> AsyncIterator[SwallowingProxy]:
    """Run a proxy in front of the server at a port of loopback."""
    proxy = SwallowingProxy(port)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()
