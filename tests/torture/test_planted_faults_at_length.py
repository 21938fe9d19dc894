"""Every fault of a broken server, with all checks: it is found by its own check, and by no other but those that read in the same way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.check.broken_server import BrokenServer
from tests.check.planted import OF_HTTP, OF_SOCKETS, PLANTED_IN_HTTP, PLANTED_IN_SOCKETS, RELATED
from tests.check.test_planted_faults import broken_server, check_planted


@pytest.fixture(scope="module")
def broken() -> Iterator[tuple[BrokenServer, str]]:
    with broken_server() as broken:
        yield broken


@pytest.mark.parametrize("name", PLANTED_IN_HTTP)
def test_a_fault_is_found_by_its_own_check_and_no_other(broken: tuple[BrokenServer, str], name: str) -> None:
    planted = PLANTED_IN_HTTP[name]
    related = RELATED.get(planted.found_by, frozenset())
    check_planted(broken, planted, [each for each in OF_HTTP if each not in related])


@pytest.mark.parametrize("name", PLANTED_IN_SOCKETS)
def test_a_fault_of_websocket_is_found_by_its_own_check_and_no_other(
    broken: tuple[BrokenServer, str], name: str
) -> None:
    check_planted(broken, PLANTED_IN_SOCKETS[name], [*OF_HTTP, *OF_SOCKETS])
