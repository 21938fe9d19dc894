"""What the tests of the client ask for."""

from __future__ import annotations

import pytest

from tests.client.kinds import KINDS, Kind


@pytest.fixture(params=KINDS)
def client(request: pytest.FixtureRequest) -> Kind:
    """The client for threads, and that for asyncio."""
    return KINDS[request.param]
