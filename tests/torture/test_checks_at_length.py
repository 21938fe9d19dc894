"""`orders-events check` of logs that change while it runs, of many starts, and of servers that send nonsense to all checks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.check.broken_server import BrokenServer
from tests.check.planted import OF_HTTP, OF_SOCKETS
from tests.check.test_planted_faults import broken_server
from tests.check.test_run import NONSENSE, check_changing_log, check_log_of_epochs, check_nonsense

STARTS = 5


@pytest.fixture(scope="module")
def broken() -> Iterator[tuple[BrokenServer, str]]:
    with broken_server() as broken:
        yield broken


@pytest.mark.parametrize("seed", range(5))
def test_a_log_that_grows_and_is_deleted_violates_nothing_with_any_seed(seed: int) -> None:
    check_changing_log(seed)


def test_a_log_of_many_epochs_is_read_to_its_end(tmp_path: Path) -> None:
    check_log_of_epochs(tmp_path, STARTS)


@pytest.mark.parametrize("nonsense", NONSENSE)
def test_nonsense_ends_no_check_of_event_streams_or_websocket(
    broken: tuple[BrokenServer, str], nonsense: bytes
) -> None:
    check_nonsense(broken, nonsense, [*OF_HTTP, *OF_SOCKETS])
