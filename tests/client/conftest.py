"""Fixtures of the client's tests."""

from __future__ import annotations

import pytest

from tests.client.kinds import KINDS, Kind
from tests.transports.grpc.conftest import GRPC_IS_INSTALLED

collect_ignore_glob = [] if GRPC_IS_INSTALLED else ["test_client_grpc*.py"]


@pytest.fixture(params=KINDS)
def client(request: pytest.FixtureRequest) -> Kind:
    """The client for threads, then the client for asyncio."""
    return KINDS[request.param]


@pytest.fixture
def quick_reconnections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let clients come back over WebSocket and gRPC at once: a stream does not begin with the server's wait there."""
    monkeypatch.setattr("app.client.protocol.retries.RECONNECT_MS", (50, 100))
