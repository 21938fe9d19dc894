"""Read an event stream step by step, as far as a check needs, and keep the part that was read."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import httpx
from httpx_sse import EventSource, ServerSentEvent

from app.check.findings import CannotCheck
from app.check.http.stream_blocks import Block, OrderEvent, Splitter, order_event
from app.check.request import Request, excerpt

MAX_BYTES: Final = 256 * 1024 * 1024  # of one stream, and of one response body
# Reasons for the end of a stream that say nothing about the contract.
TEMPORARY: Final = ("drain", "unavailable", "token_expired", "overloaded", "max_age", "version_retired")


@dataclass(frozen=True, slots=True)
class Stream:
    """The part of an event stream that has been read.

    `raw`: its bytes.
    `blocks`: its complete blocks (the lines between two blank lines).
    `events`: the order events in these blocks.
    `ended`: True if the server ended the stream; False if the check stopped reading.
    """

    request: Request
    status: int
    headers: httpx.Headers
    raw: bytes
    blocks: Sequence[Block]
    events: Sequence[OrderEvent]
    ended: bool
    first_byte_seconds: float | None

    def frames(self) -> list[ServerSentEvent]:
        """Return the events of the stream, decoded as a consumer would, with a decoder that is not part of this project."""
        headers = {"content-type": "text/event-stream; charset=utf-8"}
        return list(EventSource(httpx.Response(200, headers=headers, content=self.raw)).iter_sse())

    @property
    def closings(self) -> list[Block]:
        return [block for block in self.blocks if block.event == "stream.closing"]


class Reader:
    """An open event stream, and the part of the stream that has been read so far.

    `asked_at`: the time of the request, in seconds of the monotonic clock.
    """

    def __init__(self, request: Request, response: httpx.Response, asked_at: float) -> None:
        self.raw = bytearray()
        self.blocks: list[Block] = []
        self.events: list[OrderEvent] = []
        self.ended = False
        self._request = request
        self._response = response
        self._asked_at = asked_at
        self._first_byte_seconds: float | None = None
        self._chunks: AsyncIterator[bytes] = response.aiter_raw()
        self._splitter = Splitter()

    async def until(self, enough: Callable[[Reader], bool]) -> None:
        """Read from the stream until `enough` returns True or the server ends the stream.

        If this call is cancelled, the stream cannot be read any further.
        """
        if self.ended or enough(self):
            return
        async for chunk in self._chunks:
            self._take(chunk)
            if enough(self):
                return
        self.ended = True

    def stream(self) -> Stream:
        """Return the part of the stream that has been read so far.

        Raises CannotCheck if the server ended the stream for a temporary reason, such as a shutdown.
        """
        stream = Stream(
            request=self._request,
            status=self._response.status_code,
            headers=self._response.headers,
            raw=bytes(self.raw),
            blocks=tuple(self.blocks),
            events=tuple(self.events),
            ended=self.ended,
            first_byte_seconds=self._first_byte_seconds,
        )
        for block in stream.closings:
            if block.member("reason") in TEMPORARY:
                raise CannotCheck(f"The server ended a stream with {excerpt(block.data)}.")
        return stream

    def _take(self, chunk: bytes) -> None:
        if self._first_byte_seconds is None:
            self._first_byte_seconds = time.monotonic() - self._asked_at
        self.raw += chunk
        if len(self.raw) > MAX_BYTES:
            raise CannotCheck(f"The stream is larger than {MAX_BYTES} bytes.")
        for block in self._splitter.feed(chunk):
            self.blocks.append(block)
            event = order_event(block)
            if event is not None:
                self.events.append(event)


def has(id: str) -> Callable[[Reader], bool]:
    """Return a function that says whether an order event with this id has been read."""
    return lambda reader: any(event.id == id for event in reader.events)
