"""A proxy in front of a server, shared by the tests of one file: Caddy, then nginx."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from tests.deploy.fronts import Front, caddy, nginx


@pytest.fixture(scope="module", params=[caddy, nginx], ids=["caddy", "nginx"])
def front(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    run: Callable[[Path], AbstractContextManager[Front]] = request.param
    with run(tmp_path_factory.mktemp("front")) as running:
        yield running


@pytest.fixture
def http(front: Front) -> Iterator[httpx.Client]:
    with front.client() as client:
        yield client
