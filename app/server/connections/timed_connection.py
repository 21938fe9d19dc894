"""An HTTP connection that waits for its client only so long: for a request, for each part of one, and for a client that reads
slowly. uvicorn 0.54 alone waits for ever, once the first byte of a request has come.
"""

from __future__ import annotations

import asyncio
from enum import Enum, auto
from typing import Final

from app.server.connections.http_connection import HttpConnection
from app.server.connections.request_head import BadRequest
from app.server.connections.slow_reader import await_reader, cut_if_stalled
from app.server.connections.timetable import NEVER

BODY_BYTES_PER_SECOND: Final = 16 * 1024  # they earn the body one second more, so that a slow line passes


class Wait(Enum):
    """What a connection waits for."""

    APPLICATION = auto()  # to answer: it may take its time
    REQUEST = auto()  # to begin, on a new connection or after another request
    HEAD = auto()  # to end
    BODY = auto()  # to end
    READER = auto()  # to read what has been sent to it
    CLOSE = auto()  # by the client, which has been sent the last response and may still be sending


SECONDS: Final = {Wait.REQUEST: 10.0, Wait.HEAD: 10.0, Wait.BODY: 30.0, Wait.CLOSE: 10.0}


class TimedConnection(HttpConnection):
    """A connection that is closed if its client is too slow.

    A deadline does not move while its wait lasts: a client that sends a head byte by byte has no more time than one that sends
    nothing. Only one wait has a deadline at a time.
    """

    due_second = NEVER

    _wait = Wait.APPLICATION
    _wait_began = 0.0
    _unsent_bytes = 0

    def _watch(self) -> None:
        """Set the deadline anew if the connection waits for something else now."""
        wait = self._present_wait()
        if wait is self._wait:
            return
        self._wait = wait
        self._wait_began = self.config.timetable.now
        if wait is Wait.APPLICATION:
            self.config.timetable.clear(self)
        elif wait is Wait.READER:
            self._unsent_bytes = await_reader(self.config.timetable, self, self.transport)
        else:
            self.config.timetable.set(self, SECONDS[wait])

    def _present_wait(self) -> Wait:
        if self.flow.write_paused:
            return Wait.READER
        if self._is_ending:
            return Wait.CLOSE
        if self._part == "body":
            return Wait.BODY
        if self._part == "head" or self._stalled_bytes:
            return Wait.HEAD
        return Wait.APPLICATION if self._is_answering() else Wait.REQUEST

    def on_deadline(self) -> None:
        """Close the connection, unless its client has sent or read enough to have earned more time."""
        if self._wait in (Wait.REQUEST, Wait.CLOSE):
            self.transport.close()
            self.config.timetable.cuts[self._wait.name.lower()] += 1
        elif self._wait is Wait.READER:
            self._unsent_bytes = cut_if_stalled(self.config.timetable, self, self.transport, self._unsent_bytes)
        elif self.flow.read_paused:
            self.config.timetable.set(
                self, SECONDS[self._wait]
            )  # the rest may have come, and waits for the application
        elif self._seconds_left() >= 1:  # a deadline may pass a second early
            self.config.timetable.set(self, self._seconds_left())
        else:
            part = self._wait.name.lower()
            self.config.timetable.cuts[part] += 1
            self._refuse(BadRequest(408, f"The {part} of the request did not come within the time that it is given."))

    def _seconds_left(self) -> float:
        # What comes of a body behind its response is discarded. It earns no time, or a client could send without end.
        is_earning = self._wait is Wait.BODY and self._is_answering()
        earned = self._body_bytes / BODY_BYTES_PER_SECOND if is_earning else 0.0
        return self._wait_began + SECONDS[self._wait] + earned - self.config.timetable.now

    # What changes the wait

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._watch()
        self.config.on_accepted()

    def data_received(self, data: bytes | memoryview) -> None:
        super().data_received(data)
        self._watch()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._wait = Wait.APPLICATION  # each request has its own time, although its head may follow another in one read
        self.config.timetable.clear(self)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.transport.is_closing():
            self._watch()

    def _end(self, response: bytes) -> None:
        super()._end(response)
        self._watch()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.config.timetable.clear(self)
