"""One stream of a rehearsal: its beginning, its events and its end, written to a connection as the scenario says."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Final, cast

from app.events.delivery.stream_item import Checkpoint, Closing, ClosingReason, StreamStart
from app.events.position import Gap
from app.rehearse.observed.observations import Asked, Delivered
from app.rehearse.scenario import Ending, Stream, Writing
from app.rehearse.stage.pieces import BYTE_ORDER_MARK, in_pieces, long_id, unescaped
from app.rehearse.stage.whole_answer import Due
from app.rehearse.stage.wire import STREAM_HEADERS, Wire
from app.transports.http.streaming.sse import HEARTBEAT, encode, encode_opening

HEARTBEAT_SECONDS: Final = 0.5

_READING_SECONDS: Final = (
    0.0,
    2.0,
    8.0,
)  # more to read what was sent, before a connection breaks for the first, second or third time
_PAUSE_SECONDS: Final = 0.002  # between two pieces of a block, so that they arrive one by one
_MOST_PAUSES: Final = 40  # in a block: on a busy machine, each takes longer than it says
_CUTS: Final[Mapping[Ending, Callable[[bytes], bytes]]] = {
    Ending.CUT_IN_EVENT: lambda block: block[:-8],  # within the data: its end and two line ends are missing
    Ending.CUT_IN_CHARACTER: lambda block: block[: _first_long_character(block) + 1],
    Ending.CUT_IN_LINE_END: lambda block: block.replace(b"\n", b"\r\n")[:-1],
}


class PlayedStream:
    """A stream that is being written.

    `ended`: called just before the server ends the stream. All methods raise ConnectionError if the client has left.
    """

    def __init__(self, answer: Stream, wire: Wire, asked: Asked, ended: Callable[[Asked], None]) -> None:
        self._answer = answer
        self._wire = wire
        self._asked = asked
        self._ended = ended

    async def begin(self, first: Checkpoint | Gap) -> None:
        """Write the head of the response and the first item, with the reconnection time."""
        await self._wire.begin(STREAM_HEADERS)
        if self._answer.writing is Writing.BYTE_ORDER_MARK:
            await self._wire.send(BYTE_ORDER_MARK)
        opening = StreamStart(self._closing() if self._answer.is_refused else first)
        if self._answer.is_refused:
            self._end()
        await self._write(encode_opening(opening, self._asked.retry_ms))
        match opening.first:
            case Checkpoint(position):
                self._deliver(Delivered(self._wire_id(str(position)), "stream.checkpoint", "{}", known=False))
            case Gap(reason, _, earliest):
                self._deliver(Delivered(self._wire_id(str(earliest)), "stream.gap", reason, known=False))

    async def send(self, due: Due) -> None:
        """Write events. If the stream is to be cut within an event, it is the last one."""
        cut = None if due.is_limited else _CUTS.get(self._answer.end)
        events = list(zip(due.pages, map(self._on_the_wire, due.delivered), strict=True))
        whole, rest = (events[:-1], events[-1:]) if cut else (events, [])
        for page, delivered in whole:
            await self._write(encode(page))
            self._deliver(delivered)
        await self.hold(partial(asyncio.sleep, _READING_SECONDS[self._asked.plays - 1]))
        for page, delivered in rest:
            self._asked.unfinished = delivered
            block = unescaped(encode(page)) if self._answer.writing is Writing.UNESCAPED else encode(page)
            await self._wire.send(cut(block) if cut else block)

    async def hold(self, over: Callable[[], Awaitable[object]]) -> None:
        """Send heartbeats until `over` returns."""
        waiting = asyncio.ensure_future(over())
        try:
            while not (await asyncio.wait({waiting}, timeout=HEARTBEAT_SECONDS))[0]:
                await self._wire.send(HEARTBEAT)
        finally:
            waiting.cancel()

    async def end(self, over: Callable[[], Awaitable[object]]) -> None:
        """End the stream as the scenario says. `over`: returns when a stream that is held may end."""
        match self._answer.end:
            case Ending.HOLD:
                await self.hold(over)
            case Ending.SILENCE:
                await over()
            case Ending.RESET:
                await self._wire.settle()
                await self._wire.reset()
                self._end()
            case Ending.CLOSING:
                await self._close()
            case _:
                await self._wire.settle()
                self._end()
                await self._wire.cut()

    async def finish(self, reason: ClosingReason) -> None:
        """End a stream at its own end: that of the log, or at the number of events that the client has asked for."""
        await self._write(encode(Closing(reason)))
        await self._wire.finish()

    async def _close(self) -> None:
        if not self._answer.is_refused:
            self._end()  # first, because a client may leave as soon as it has read the reason
            await self._write(encode(self._closing()))
        await self._wire.finish()

    def _closing(self) -> Closing:
        return Closing(cast("ClosingReason", self._answer.reason))  # a newer contract may have more reasons

    def _end(self) -> None:
        self._ended(self._asked)

    async def _write(self, block: bytes) -> None:
        pieces = in_pieces(block, self._answer.writing)
        for number, piece in enumerate(pieces, 1):
            await self._wire.send(piece)
            if len(pieces) > 1:
                await asyncio.sleep(_PAUSE_SECONDS if number < _MOST_PAUSES else 0)

    def _deliver(self, delivered: Delivered) -> None:
        self._asked.delivered.append(delivered)

    def _on_the_wire(self, delivered: Delivered) -> Delivered:
        return replace(delivered, id=self._wire_id(delivered.id))

    def _wire_id(self, id: str) -> str:
        return long_id(id) if self._answer.writing is Writing.LONG_IDS else id


def _first_long_character(block: bytes) -> int:
    found = re.search(rb"[\xe0-\xef]", block)
    return found.start() if found else len(block)
