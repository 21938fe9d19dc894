"""An event stream that is read as far as needed, and the part that was read as a value."""

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
_TEMPORARY: Final = ("drain", "unavailable")  # reasons for the end of a stream that say nothing about the contract


@dataclass(frozen=True, slots=True)
class Stream:
    """The part of a stream that was read: its bytes, its complete blocks, and the order events in them.

    `ended`: whether the server ended the stream; otherwise the check stopped reading.
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
        """Decode the stream as a consumer would, with a decoder that is not part of this project."""
        headers = {"content-type": "text/event-stream; charset=utf-8"}
        return list(EventSource(httpx.Response(200, headers=headers, content=self.raw)).iter_sse())

    @property
    def closings(self) -> list[Block]:
        return [block for block in self.blocks if block.event == "stream.closing"]


class Reader:
    """An open stream and the part of it that has been read."""

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
        """Read until `enough` returns True or the server ends the stream. After a cancellation nothing more can be read."""
        if self.ended or enough(self):
            return
        async for chunk in self._chunks:
            self._take(chunk)
            if enough(self):
                return
        self.ended = True

    def stream(self) -> Stream:
        """Return what has arrived so far. Raises CannotCheck if the server ended the stream for a temporary reason."""
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
            if block.member("reason") in _TEMPORARY:
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
