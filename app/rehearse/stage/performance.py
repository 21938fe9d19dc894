"""The answers of a scenario, played to the requests for events as they come."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from functools import partial

from app.events.delivery.cursor import Cursor
from app.events.delivery.stream_item import Checkpoint
from app.events.event import StoredEvent
from app.events.log.start import StartRequest
from app.events.position import Gap
from app.rehearse.observed.observations import Asked, Delivered, Form
from app.rehearse.observed.seen import Seen
from app.rehearse.rehearsed_events import RehearsedEvents
from app.rehearse.rehearsed_log import RehearsedLog
from app.rehearse.scenario import Ending, Refusal, Scenario, Stream
from app.rehearse.stage.incoming_request import IncomingRequest
from app.rehearse.stage.played_page import play_page
from app.rehearse.stage.played_stream import PlayedStream
from app.rehearse.stage.script import Script
from app.rehearse.stage.whole_answer import PAGE_EVENTS, Due, page_answer, stored_answer
from app.rehearse.stage.wire import Wire
from app.specification.contracts import Contracts
from app.specification.errors import UnknownEventType


class Performance:
    """One scenario as it is played. `over` is set when it is over."""

    def __init__(self, scenario: Scenario, contracts: Contracts, events: RehearsedEvents, seed: int) -> None:
        self._script = Script(scenario.answers, seed)
        self._answers = scenario.answers
        self._contracts = contracts
        self._events = events
        self._log = RehearsedLog()
        self._prepared = -1  # the answer whose events are stored
        self.over = asyncio.Event()

    @property
    def seen(self) -> Seen:
        return self._script.seen

    async def open(self) -> None:
        await self._log.open()

    async def answer(self, request: IncomingRequest, form: Form, start: StartRequest, wire: Wire) -> None:
        """Answer a request for events. Raises ConnectionError if the client has left."""
        if self._script.is_beside(form):
            await self._read_beside(request, form, start, wire)
            return
        asked = self._script.ask(request.last_event_id, form, is_of_page=request.is_of_page)
        asked.has_limit = request.limit is not None
        if isinstance(asked.answer, Refusal):
            self._script.end(asked)
            await _refuse(asked.answer, wire)
            return
        tasks = [
            asyncio.ensure_future(self._play(asked.answer, asked, request, start, wire)),
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

    async def _read_beside(self, request: IncomingRequest, form: Form, start: StartRequest, wire: Wire) -> None:
        cursor, first = await self._log.read(start, request.filter(self._contracts))
        if request.wait_seconds and isinstance(first, Checkpoint):
            await self._log.wait_after(cursor, request.wait_seconds)
        due = await self._due(cursor, first, _limit(request, form))
        self.seen.read_beside(request.last_event_id, due.delivered)
        await wire.answer(*(page_answer(due) if form is Form.PAGE else stored_answer(due)))

    async def _play(
        self, answer: Stream, asked: Asked, request: IncomingRequest, start: StartRequest, wire: Wire
    ) -> None:
        is_first = self._prepared < asked.place
        if is_first and answer.gap:
            await self._log.replace()
        if is_first and answer.restarts:
            await self._log.restart()
        if is_first and start.last_event_id is not None and answer.sent_again:
            before = await self._log.place_before(start.last_event_id, answer.sent_again)
            start = replace(start, last_event_id=before)
        cursor, first = await self._log.read(start, request.filter(self._contracts), answer.gap)
        await self._store(asked.place)
        due = await self._due(cursor, first, _limit(request, asked.form))
        if answer.end is Ending.SILENCE:
            await self._store(asked.place + 1)  # so that there is something to be missed
        if asked.form is Form.PAGE:
            await play_page(due, answer.end, asked, wire, self._script)
            await self.over.wait()  # a page that fell silent stays open; any other one has ended its connection
        else:
            await self._play_stream(due, answer, asked, wire)

    async def _store(self, place: int) -> None:
        """Store the events of an answer, if they are not yet."""
        answer = self._answers[place]
        if self._prepared < place and isinstance(answer, Stream):
            self._prepared = place
            await self._log.append(answer.events(self._events))

    async def _due(self, cursor: Cursor, first: Checkpoint | Gap, limit: int | None) -> Due:
        pages = await self._log.next_events(cursor, limit)
        delivered = [self._delivered(page.events[0]) for page in pages]
        return Due(first, pages, delivered, self._log.id_after(cursor, pages), is_limited=len(pages) == limit)

    async def _play_stream(self, due: Due, answer: Stream, asked: Asked, wire: Wire) -> None:
        stream = PlayedStream(answer, wire, asked, self._script.end)
        await stream.begin(due.first)
        await stream.send(due)
        if due.is_limited:
            self._script.reach_limit(asked)
            await stream.finish("limit")
            return
        await stream.hold(partial(self.seen.all_reported, answer.waits_seconds))
        if answer.end is Ending.SILENCE:
            self._script.fall_silent(asked)
        if answer.end is Ending.HOLD:
            self._script.hold(asked)
        if answer.end is Ending.CUT and asked.form is Form.STORED:
            self._script.end(asked)
        if answer.end in (Ending.HOLD, Ending.CUT) and asked.form is Form.STORED:
            await stream.finish("end")
        else:
            await stream.end(self.over.wait)

    def _delivered(self, event: StoredEvent) -> Delivered:
        number = self._log.number(event)
        return Delivered(event.id, event.event_type, event.data, known=self._is_known(event), number=number)

    def _is_known(self, event: StoredEvent) -> bool:
        try:
            self._contracts.get(event.event_type, event.schema_version)
        except UnknownEventType:
            return False
        return True


def _limit(request: IncomingRequest, form: Form) -> int | None:
    return request.limit or (PAGE_EVENTS if form is Form.PAGE else None)


async def _refuse(answer: Refusal, wire: Wire) -> None:
    headers = [] if answer.status == 204 else [("content-type", answer.media_type)]
    if answer.retry_after is not None:
        headers.append(("retry-after", str(answer.retry_after)))
    problem = {"type": "about:blank", "status": answer.status, "detail": "This is a rehearsal."}
    body = b"" if answer.status == 204 else answer.body or json.dumps(problem).encode()
    await wire.answer(answer.status, headers, body)
