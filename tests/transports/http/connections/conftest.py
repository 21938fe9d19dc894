"""A server for the tests of connections, on which each test can count the streams that it opened."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.support.server_process import ServerProcess
from tests.transports.http.connections.opened import no_stream_is_left


@pytest.fixture(scope="package")
def server() -> Iterator[ServerProcess]:
    """A server whose heartbeats come too late to notice that a client has left."""
    with ServerProcess("--store", "memory:", "--heartbeat-seconds", "30") as server:
        yield server


@pytest.fixture(autouse=True)
def all_streams_end(http: httpx.Client) -> None:
    """Begin with no stream open, so that each test can count its own."""
    assert no_stream_is_left(http)
