"""How events come to the peers that have no HTTP server of their own: a POST whose lines are events, at the least cost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def serve_publishing(port: int, publish: Callable[[str], None]) -> None:
    """Answer requests until the program ends; hand over each line of a body."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or b"0")
                for line in (await reader.readexactly(length)).decode().split("\n") if length else ():
                    publish(line)
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", port)
    await server.serve_forever()
