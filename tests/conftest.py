"""What every test may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server_process import ServerProcess

pytest.register_assert_rewrite("tests.publishers", "tests.scenarios", "tests.subscribers")


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    """A server with an empty log in memory, no source and quick heartbeats, shared by the tests of one file."""
    quick = ("--heartbeat-seconds", "1", "--retry-ms", "50-100")
    with ServerProcess("--store", "memory:", "--source", "none", *quick) as running:
        yield running


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the torture to those who name it, as `make torture` does."""
    named = any("torture" in argument for argument in config.args)
    return True if collection_path.name == "torture" and not named else None
