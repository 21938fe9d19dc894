"""A stream of what is stored (`follow=false`): answered from the log of the scenario, as the server does, and no part of the scenario."""

from __future__ import annotations

from typing import Final

from app.events.delivery.cursor import Cursor
from app.events.delivery.stream_item import Checkpoint, Closing, StreamStart
from app.events.position import Gap
from app.rehearse.stage.wire import STREAM_HEADERS, Wire
from app.transports.http.streaming.sse import encode, encode_opening

_NO_CONTENT: Final = 204


async def send_stored(cursor: Cursor, first: Checkpoint | Gap, retry_ms: int, wire: Wire) -> None:
    """Write the events up to the end of the cursor; 204 if there are none. Raises ConnectionError if the client has left."""
    if cursor.at_end and isinstance(first, Checkpoint):
        await wire.answer(_NO_CONTENT, [], b"")
        return
    await wire.begin(STREAM_HEADERS)
    await wire.send(encode_opening(StreamStart(first), retry_ms))
    item = None
    while not isinstance(item, Closing):
        item = cursor.next_item() or cursor.take(await cursor.read())
        if item is not None:
            await wire.send(encode(item))
    await wire.finish()
