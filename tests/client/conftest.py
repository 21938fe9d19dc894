"""Fixtures of the client's tests."""

from __future__ import annotations

import pytest

from tests.client.kinds import KINDS, Kind


@pytest.fixture(params=KINDS)
def client(request: pytest.FixtureRequest) -> Kind:
    """The client for threads, then the client for asyncio."""
    return KINDS[request.param]
