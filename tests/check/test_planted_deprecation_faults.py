"""A server with versions that retire: readers and publishers are told, and a server that does not tell them is found."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import httpx
import pytest

from app.check.run import run
from app.check.target.target import Options
from tests.check.broken_server import BrokenServer, Fault, serving
from tests.check.faults import EVENTS, answers, each_stream, publishes, without_headers
from tests.check.test_planted_faults import violated
from tests.support.contract_copy import ContractCopy
from tests.support.server_process import QUICK, ServerProcess

DAYS: Final = {"deprecatedOn": "2026-11-01", "sunsetOn": "2999-06-01"}
NAMES: Final = ("publish-once", "deprecation", "event-schemas", "opening", "publish-version")

PLANTED: Final[Mapping[str, Callable[[], Fault]]] = {
    "a stream does not say it": lambda: each_stream(
        lambda piece: b"" if piece.startswith(b"event: stream.deprecation") else piece
    ),
    "a reader is not told by headers": lambda: Fault(
        gives=lambda asked, given: without_headers("deprecation")(given) if asked.method == "GET" else given
    ),
    "a publisher is not told": lambda: answers(without_headers("sunset"), lambda asked, _: publishes(asked)),
}


@pytest.fixture(scope="module")
def retiring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[BrokenServer, str]]:
    """A server of which all versions of order.shipped retire, behind a proxy."""
    copy = ContractCopy(tmp_path_factory.mktemp("retiring") / "contract")
    for folder in (copy.contracts / "order.shipped").iterdir():
        (folder / "deprecated.json").write_text(json.dumps(DAYS))
    with ServerProcess("--store", "memory:", "--contract", str(copy.root), *QUICK) as good:
        event = {"eventType": "order.shipped", "data": {"orderId": "or_1", "when": "2024-05-01T10:00:00Z"}}
        httpx.post(f"{good.url}{EVENTS}", json=event, trust_env=False, timeout=60).raise_for_status()
        broken = BrokenServer(good.url)
        with serving(broken) as url:
            yield broken, url


def test_server_that_tells_of_what_retires_violates_nothing(retiring: tuple[BrokenServer, str]) -> None:
    broken, url = retiring
    broken.fault = Fault()
    report = run(url, Options(quick=True, publish=True), NAMES)
    assert violated(report) == {}


@pytest.mark.parametrize("name", PLANTED)
def test_server_that_does_not_tell_is_found(retiring: tuple[BrokenServer, str], name: str) -> None:
    broken, url = retiring
    broken.fault = PLANTED[name]()
    report = run(url, Options(quick=True, publish=True), NAMES)
    assert list(violated(report)) == ["deprecation"], violated(report)
