"""A server with two major versions of an event type: pinned readers get theirs, and a server that does not convert for them is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import httpx
import pytest

from app.check.findings import Outcome
from app.check.run import run
from app.check.target.target import Options
from tests.check.broken_server import BrokenServer, Fault, Received, serving
from tests.check.faults import EVENTS
from tests.check.test_planted_faults import violated
from tests.support.contract_copy import ContractCopy
from tests.support.order_shipped_2 import add_order_shipped_2
from tests.support.server_process import QUICK, ServerProcess

NAMES: Final = ("event-schemas", "payloads", "paging", "major-version", "publish-version", "valid-value")


def unpinned(when: Callable[[Received], bool]) -> Fault:
    """Answer some readers as if they had named no major version."""
    return Fault(
        asks=lambda asked: asked.without("majorVersion") if asked.path == EVENTS and when(asked) else asked,
    )


PLANTED: Final[Mapping[str, Fault]] = {
    "a pinned stream is not converted": unpinned(
        lambda asked: not asked.wants_page and asked.all("majorVersion") == ["2"]
    ),
    "a pinned page is not converted": unpinned(lambda asked: asked.wants_page and asked.all("majorVersion") == ["2"]),
}


@pytest.fixture(scope="module")
def two_majors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[BrokenServer, str]]:
    copy = ContractCopy(tmp_path_factory.mktemp("majors") / "contract")
    add_order_shipped_2(copy)
    with ServerProcess("--store", "memory:", "--contract", str(copy.root), *QUICK) as good:
        event = {"eventType": "order.shipped", "data": {"orderId": "or_1", "when": "2024-05-01T10:00:00Z"}}
        httpx.post(f"{good.url}{EVENTS}", json=[event] * 3, trust_env=False, timeout=60).raise_for_status()
        broken = BrokenServer(good.url)
        with serving(broken) as url:
            yield broken, url


def test_server_that_converts_for_pinned_readers_violates_nothing(two_majors: tuple[BrokenServer, str]) -> None:
    broken, url = two_majors
    broken.fault = Fault()
    report = run(url, Options(quick=True, publish=True), NAMES)
    assert {result.name for result in report.results if result.outcome is not Outcome.HELD} == set()


@pytest.mark.parametrize("name", PLANTED)
def test_server_that_does_not_convert_is_found(two_majors: tuple[BrokenServer, str], name: str) -> None:
    broken, url = two_majors
    broken.fault = PLANTED[name]
    report = run(url, Options(quick=True, publish=True), NAMES)
    assert list(violated(report)) == ["major-version"], violated(report)
