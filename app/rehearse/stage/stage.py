"""The server of one scenario: it plays the answers of the script, takes reports, and passes all other requests on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Final

from app.events.event import StoredEvent
from app.events.filter import Filter
from app.events.log.start import StartRequest
from app.rehearse.rehearsed_events import RehearsedEvents
from app.rehearse.rehearsed_log import RehearsedLog
from app.rehearse.scenario import Ending, Refusal, Scenario, Stream
from app.rehearse.seen import Asked, Phase, Seen
from app.rehearse.stage.incoming_request import IncomingRequest, read_request
from app.rehearse.stage.played_stream import PlayedStream
from app.rehearse.stage.script import RETRY_MS, Script
from app.rehearse.stage.stored_stream import send_stored
from app.rehearse.stage.wire import Wire
from app.specification.contracts import Contracts
from app.specification.errors import UnknownEventType

STREAM_PATH: Final = "/events/orders"
REPORT_PATH: Final = "/rehearsal/applied"

_HOST: Final = "127.0.0.1"
_MOST_HEAD_BYTES: Final = 65_536


class Stage:
    """The server of one scenario. `behind`: the host and port of the server for all other requests."""

    def __init__(
        self, scenario: Scenario, contracts: Contracts, events: RehearsedEvents, seed: int, behind: tuple[str, int]
    ) -> None:
        self._script = Script(scenario.answers, seed)
        self._contracts = contracts
        self._events = events
        self._behind = behind
        self._log = RehearsedLog()
        self._prepared = -1  # the answer whose events are stored
        self._over = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def seen(self) -> Seen:
        return self._script.seen

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Serve on a free port of this machine, and yield the URL. On leaving, all connections are cut."""
        await self._log.open()
        server = await asyncio.start_server(self._connected, _HOST, 0, limit=_MOST_HEAD_BYTES)
        try:
            yield f"http://{_HOST}:{server.sockets[0].getsockname()[1]}"
        finally:
            self._over.set()
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
            start = request.start if request.path == STREAM_PATH and request.wants_stream else None
            if start is None:
                await self._pass_on(request, writer)
            elif request.is_finite:
                found = await self._log.read(start, request.filter, follow=False, limit=request.limit)
                await send_stored(*found, RETRY_MS[1], wire)
            else:
                await self._answer(request, start, wire)
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

    async def _answer(self, request: IncomingRequest, start: StartRequest, wire: Wire) -> None:
        asked = self._script.ask(request.last_event_id)
        if isinstance(asked.answer, Refusal):
            self._script.end(asked)
            await _refuse(asked.answer, wire)
            return
        tasks = [
            asyncio.ensure_future(self._play(asked.answer, asked, request.filter, start, wire)),
            asyncio.ensure_future(wire.left()),
        ]
        try:
            finished, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            self._script.leave(asked)
        for task in finished:
            task.result()

    async def _play(self, answer: Stream, asked: Asked, filter: Filter, start: StartRequest, wire: Wire) -> None:
        is_first = self._prepared < asked.place
        self._prepared = max(self._prepared, asked.place)
        if is_first and answer.gap:
            await self._log.replace()
        if is_first and answer.restarts:
            await self._log.restart()
        if start.last_event_id is not None and answer.sent_again:
            before = await self._log.place_before(start.last_event_id, answer.sent_again)
            start = replace(start, last_event_id=before)
        cursor, first = await self._log.read(start, filter, gap_reason=answer.gap)
        if is_first:
            await self._log.append(answer.events(self._events))
        stream = PlayedStream(answer, wire, asked, self._is_known, self._script.end)
        await stream.begin(first)
        await stream.send(await self._log.next_events(cursor))
        await stream.hold(partial(self.seen.all_reported, answer.waits_seconds))
        if answer.end is Ending.HOLD:
            self.seen.enter(Phase.HOLDING)
        if answer.end is Ending.SILENCE:
            self._script.fall_silent(asked)
        await stream.end(self._over.wait)

    def _is_known(self, event: StoredEvent) -> bool:
        try:
            self._contracts.get(event.event_type, event.schema_version)
        except UnknownEventType:
            return False
        return True


async def _refuse(answer: Refusal, wire: Wire) -> None:
    headers = [] if answer.status == 204 else [("content-type", answer.media_type)]
    if answer.retry_after is not None:
        headers.append(("retry-after", str(answer.retry_after)))
    problem = {"type": "about:blank", "status": answer.status, "detail": "This is a rehearsal."}
    body = b"" if answer.status == 204 else answer.body or json.dumps(problem).encode()
    await wire.answer(answer.status, headers, body)
