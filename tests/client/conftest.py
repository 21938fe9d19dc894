"""Fixtures of the client's tests."""

from __future__ import annotations

import pytest

from tests.client.kinds import KINDS, Kind


@pytest.fixture(params=KINDS)
def client(request: pytest.FixtureRequest) -> Kind:
    """The client for threads, then the client for asyncio."""
    return KINDS[request.param]


@pytest.fixture
def quick_reconnections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let clients come back over WebSocket at once; the server says nothing there about the wait, which is 2 to 5 seconds."""
    monkeypatch.setattr("app.client.protocol.websocket_messages._RETRY_MS", (50, 100))
