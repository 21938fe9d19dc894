"""The server of one scenario: it takes reports, plays the answers of the script, and passes all other requests on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from app.rehearse.observed.seen import Seen
from app.rehearse.rehearsed_events import RehearsedEvents
from app.rehearse.scenario import Scenario
from app.rehearse.stage.incoming_request import IncomingRequest, read_request
from app.rehearse.stage.performance import Performance
from app.rehearse.stage.wire import Wire
from app.specification.contracts import Contracts

REPORT_PATH: Final = "/rehearsal/applied"

_HOST: Final = "127.0.0.1"
_DRAIN_SECONDS: Final = 1.0
_MOST_HEAD_BYTES: Final = 65_536


class Stage:
    """The server of one scenario. `behind`: the host and port of the server for all other requests."""

    def __init__(
        self, scenario: Scenario, contracts: Contracts, events: RehearsedEvents, seed: int, behind: tuple[str, int]
    ) -> None:
        self._performance = Performance(scenario, contracts, events, seed)
        self._behind = behind
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def seen(self) -> Seen:
        return self._performance.seen

    async def drained(self) -> None:
        """Return when everything was read that a consumer had sent before it ended. Connections of what it has left behind may stay open."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_DRAIN_SECONDS)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Serve on a free port of this machine, and yield the URL. On leaving, all connections are cut."""
        await self._performance.open()
        server = await asyncio.start_server(self._connected, _HOST, 0, limit=_MOST_HEAD_BYTES)
        try:
            yield f"http://{_HOST}:{server.sockets[0].getsockname()[1]}"
        finally:
            self._performance.over.set()
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._respond(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            with suppress(ConnectionError, asyncio.CancelledError):  # the consumer has left, or the scenario is over
                await task
        finally:
            writer.close()

    async def _respond(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = Wire(reader, writer)
        while request := await read_request(reader):
            if request.path == REPORT_PATH:
                self.seen.take_reports(request.body.decode("utf-8", "replace"))
                await wire.accept()
                continue  # a consumer may report each event on the same connection
            self.seen.other_transport = request.other_transport or self.seen.other_transport
            form, start = request.form, request.start
            if form is None or start is None:
                await self._pass_on(request, writer)
            else:
                await self._performance.answer(request, form, start, wire)
            return

    async def _pass_on(self, request: IncomingRequest, writer: asyncio.StreamWriter) -> None:
        reader, behind = await asyncio.open_connection(*self._behind)
        try:
            behind.write(request.passed_on())
            while data := await reader.read(_MOST_HEAD_BYTES):
                writer.write(data)
                await writer.drain()
        finally:
            behind.close()
