"""What a client must read while it has more to read: less is taken for a client that has stopped."""

from __future__ import annotations

import asyncio
from typing import Final

from app.server.connections.timetable import Timed, Timetable

READER_SECONDS: Final = 30.0
READER_BYTES: Final = 16 * 1024  # in READER_SECONDS; a stream of a hundred events a minute takes as much


def await_reader(timetable: Timetable, connection: Timed, transport: asyncio.Transport) -> int:
    """Give a client READER_SECONDS to read on. Returns the bytes that wait for it now: pass them to `cut_if_stalled`."""
    timetable.set(connection, READER_SECONDS)
    return transport.get_write_buffer_size()


def cut_if_stalled(
    timetable: Timetable, connection: Timed, transport: asyncio.Transport, unsent_bytes_before: int
) -> int:
    """Close the connection at once if its client has read fewer than READER_BYTES; otherwise give it as much time again.

    Nothing is lost by that: a client that comes back resumes after its last id. Returns the bytes that wait for the client now.
    """
    if unsent_bytes_before - transport.get_write_buffer_size() < READER_BYTES:
        transport.abort()
        timetable.cuts["reader"] += 1
        return 0
    return await_reader(timetable, connection, transport)
