"""The NATS servers of the tests: what is acknowledged is there after a kill, and a paused server can be ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.nats_server import NatsServer, nats_server

nats = pytest.importorskip("nats", reason="nats-py is not installed.")


async def test_what_was_acknowledged_is_there_after_a_kill(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:
        await _add_stream(server)
        server.kill()
        server.restart()
        assert await _stored(server) == 1
        server.pause()
        server.stop()
        assert not server.is_running


async def _add_stream(server: NatsServer) -> None:
    client = await nats.connect(server.url)
    await client.jetstream().add_stream(name="kept", subjects=["kept.>"])
    await client.jetstream().publish("kept.one", b"1")
    await client.close()


async def _stored(server: NatsServer) -> int:
    client = await nats.connect(server.url)
    stored = (await client.jetstream().stream_info("kept")).state.messages
    await client.close()
    return int(stored)
