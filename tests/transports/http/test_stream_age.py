"""A stream that is as old as a stream may be ends, and its client goes on without a loss."""

from __future__ import annotations

from tests.support.server_process import QUICK, ServerProcess
from tests.transports.http.orders import EVENTS
from tests.transports.http.wire import Wire


def test_a_stream_ends_at_its_greatest_age_and_can_be_resumed() -> None:
    with ServerProcess("--store", "memory:", *QUICK, "--max-stream-age-seconds", "2") as server:
        with Wire(server.port) as wire:
            assert wire.get(EVENTS).status == 200
            chunks = list(iter(wire.chunk, b""))
        assert chunks[-1] == b'event: stream.closing\ndata: {"reason":"max_age"}\n\n'
        assert b"event: stream.checkpoint" in chunks[0]
