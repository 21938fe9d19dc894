"""One server for all tests of a transport that need none of their own: no source, an empty log in memory."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.support.server_process import QUICK, ServerProcess
from tests.transports.http.wire import PATIENCE_SECONDS, SHORT_LIVED


@pytest.fixture(scope="session")
def server() -> Iterator[ServerProcess]:
    with ServerProcess("--store", "memory:", *QUICK) as server:
        yield server


@pytest.fixture
def http(server: ServerProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS, limits=SHORT_LIVED) as client:
        yield client
