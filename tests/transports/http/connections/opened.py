"""Open streams on a server, and wait until it has none."""

from __future__ import annotations

import httpx

from tests.support.server_process import ServerProcess
from tests.transports.http.orders import EVENTS, eventually, streams_open
from tests.transports.http.wire import Wire


def no_stream_is_left(http: httpx.Client) -> bool:
    return eventually(lambda: streams_open(http) == 0, seconds=20)


def open_stream(server: ServerProcess, query: str = "") -> Wire:
    """Open a stream and read its first write; the caller closes it."""
    wire = Wire(server.port)
    assert wire.get(f"{EVENTS}?{query}").status == 200
    wire.chunk()
    return wire
