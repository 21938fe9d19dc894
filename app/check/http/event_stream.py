"""An event stream: read as far as it is needed, and what came of it as a value."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import httpx
from httpx_sse import EventSource, ServerSentEvent

from app.check.findings import CannotCheck
from app.check.http.blocks import Block, OrderEvent, Splitter, order_event
from app.check.request import Request, shown

MAX_BYTES: Final = 256 * 1024 * 1024  # of one stream, and of one answer
_PASSING: Final = ("drain", "unavailable")  # why a stream ends that another time would not


@dataclass(frozen=True, slots=True)
class Stream:
    """What came of a stream: its bytes, its complete blocks, the order events among them.

    `ended` says whether the server ended it; else it was left.
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
        """Decode it as a consumer does, by a decoder that is not ours."""
        headers = {"content-type": "text/event-stream; charset=utf-8"}
        return list(EventSource(httpx.Response(200, headers=headers, content=self.raw)).iter_sse())

    @property
    def closings(self) -> list[Block]:
        return [block for block in self.blocks if block.event == "stream.closing"]


class Reader:
    """An open stream and what has come of it."""

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
        """Read until there is enough, or the server ends the stream. Cancelled, it leaves the stream for good."""
        if self.ended or enough(self):
            return
        async for chunk in self._chunks:
            self._take(chunk)
            if enough(self):
                return
        self.ended = True

    def stream(self) -> Stream:
        """Give what has come so far. Raises CannotCheck where the server ended it for a reason that passes."""
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
            if block.member("reason") in _PASSING:
                raise CannotCheck(f"The server ended a stream with {shown(block.data)}.")
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
