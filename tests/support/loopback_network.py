"""A network on loopback: links between processes that can be cut or hold back what is sent, and a balancer of connections.

It runs on an event loop in a thread of its own, so it goes on while a test blocks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from typing import Final

from anyio.from_thread import BlockingPortal, start_blocking_portal

_BYTES: Final = 65_536  # read at once


class Link:
    """A port of loopback whose connections go to one of some servers: to each in turn, or to the next one if it refuses.

    `ports`: the ports of the servers. All methods run on the event loop of the network.
    """

    def __init__(self, ports: Sequence[int]) -> None:
        self.port = 0
        self.connections = 0
        self._ports = cycle(ports)
        self._count = len(ports)
        self._is_cut = False
        self._passing = asyncio.Event()
        self._passing.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Break all connections, and each new one. What is held back is lost."""
        self._is_cut = True
        self._passing.set()
        for writer in self._writers:
            writer.transport.abort()

    def hold(self) -> None:
        """Pass nothing more in either direction, as a network that loses all packets: nobody is told."""
        self._passing.clear()

    def mend(self) -> None:
        """Let everything pass again, also what was held back."""
        self._is_cut = False
        self._passing.set()

    async def close(self) -> None:
        self._server.close()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._join(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Connect a client with a server; if the link is cut, or no server listens, break the client's connection."""
        self._writers.add(writer)
        try:
            answers, requests = await self._connect()
            self._writers.add(requests)
            await asyncio.gather(self._pump(reader, requests), self._pump(answers, writer))
        except OSError:
            writer.transport.abort()
        finally:
            self._writers.discard(writer)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        for _ in range(self._count):
            if self._is_cut:
                break
            try:
                connected = await asyncio.open_connection("127.0.0.1", next(self._ports))
            except OSError:
                continue
            self.connections += 1
            return connected
        raise ConnectionRefusedError

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(_BYTES):
                await self._passing.wait()
                if self._is_cut:
                    sink.transport.abort()
                sink.write(data)
                await sink.drain()
        except OSError:
            sink.transport.abort()
        finally:
            sink.close()
            self._writers.discard(sink)


class Network:
    """Links by the names of the processes at their ends. A test calls its methods from any thread but that of the network."""

    def __init__(self, portal: BlockingPortal) -> None:
        self._portal = portal
        self._links: dict[tuple[str, str], Link] = {}

    def link(self, source: str, target: str, *ports: int) -> int:
        """Make a link to a target, which listens at one port or several, and return the port that the source must connect to."""
        link = self._links[source, target] = Link(ports)
        self._portal.call(link.open)
        return link.port

    def connections(self, source: str, target: str) -> int:
        """Return how many connections the source has made to the target."""
        return self._links[source, target].connections

    @contextmanager
    def cut(self, names: Iterable[str], others: Iterable[str]) -> Iterator[None]:
        """Break all connections between some processes and others, and each new one."""
        links = self._between(names, others)
        self._call(Link.cut, links)
        yield
        self._call(Link.mend, links)

    @contextmanager
    def hold(self, names: Iterable[str], others: Iterable[str], *, lose: bool = False) -> Iterator[None]:
        """Hold back everything between some processes and others. It is passed on at the end, or lost with all connections."""
        links = self._between(names, others)
        self._call(Link.hold, links)
        yield
        if lose:
            self._call(Link.cut, links)
        self._call(Link.mend, links)

    def close(self) -> None:
        for link in self._links.values():
            self._portal.call(link.close)

    def _between(self, names: Iterable[str], others: Iterable[str]) -> list[Link]:
        ends = {frozenset((one, other)) for one in names for other in others}
        return [link for pair, link in self._links.items() if frozenset(pair) in ends]

    def _call(self, change: Callable[[Link], None], links: Iterable[Link]) -> None:
        for link in links:
            self._portal.call(change, link)


@contextmanager
def loopback_network() -> Iterator[Network]:
    """Run a network without links, until the end of the block."""
    with start_blocking_portal() as portal:
        network = Network(portal)
        try:
            yield network
        finally:
            network.close()
