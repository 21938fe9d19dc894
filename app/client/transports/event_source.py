"""Decode the event stream in a response into frames, with a limit on the size of an event."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Final

import httpx
from httpx_sse import EventSource, ServerSentEvent

from ..errors import UnexpectedAnswer
from ..protocol.frame import Frame
from ..protocol.json_object import json_object

# Orders Events accepts request bodies of up to 8 MiB. In a stream, a character of 2 bytes may take 6: `é` is sent as `\u00e9`.
MAX_EVENT_BYTES: Final = 32 * 2**20

# A blank line ends an event, and a line ends with LF, CR or CR LF.
_ENDS: Final = (b"\n\n", b"\n\r", b"\r\r")


def event_source(response: httpx.Response) -> EventSource:
    """Return a decoder of the event stream in a response. The decoder raises UnexpectedAnswer if an event is longer than 32 MiB."""
    # An event stream is always UTF-8, even if the response declares another charset:
    # https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
    headers = {"Content-Type": "text/event-stream; charset=utf-8"}
    return EventSource(httpx.Response(200, headers=headers, stream=_LimitedEvents(response)))


def frame_of(event: ServerSentEvent) -> Frame:
    """Return a decoded event as a frame."""
    return Frame(event.event, event.id, json_object(event.data), event.retry)


class _LimitedEvents(httpx.SyncByteStream, httpx.AsyncByteStream):
    """The body of a response, in chunks. Iterating raises UnexpectedAnswer before an event that is too long fills the memory."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self._last = b""  # the last byte that was read
        self._length = 0  # the number of bytes since the last blank line

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._response.iter_bytes():
            self._measure(chunk)
            yield chunk

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._response.aiter_bytes():
            self._measure(chunk)
            yield chunk

    def _measure(self, chunk: bytes) -> None:
        seen = self._last + chunk
        end = max(map(seen.rfind, _ENDS))
        self._length = self._length + len(chunk) if end < 0 else len(seen) - end
        self._last = seen[-1:]
        if self._length > MAX_EVENT_BYTES:
            raise UnexpectedAnswer(f"An event of the stream is longer than {MAX_EVENT_BYTES} bytes.")
