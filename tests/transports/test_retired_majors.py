"""A major version that has ended is refused on every transport, pinned or not, and its successor goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import grpc
import httpx
import pytest

pytest.importorskip("grpc_reflection")  # an extra; a test of its own fails in CI if it is missing

from tests.contract.test_examples import PROBLEMS
from tests.support.contract_copy import ContractCopy
from tests.support.order_shipped_2 import LEAST, add_order_shipped_2
from tests.support.server_process import QUICK, ServerProcess
from tests.transports.grpc.foreign import GrpcClient
from tests.transports.http.orders import EVENTS, PAGE, shipped
from tests.transports.websocket.conversations import conversation

ENDED = {"deprecatedOn": "2020-01-01", "sunsetOn": "2020-06-01"}
DETAIL = "Major version 1 of order.shipped was retired on 2020-06-01; ask for majorVersion=2."
EXAMPLE = PROBLEMS["/problems/version-retired"]
PROBLEM = {**{name: EXAMPLE[name] for name in ("type", "title", "status")}, "detail": DETAIL}
STREAM = {"Accept": "text/event-stream"}
REFUSED: list[dict[str, Any]] = [{}, {"majorVersion": 1}, {"eventTypes": ["order.shipped"]}]
SERVED: list[dict[str, Any]] = [{"majorVersion": 2}, {"eventTypes": ["order.cancelled"]}]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server of a contract with two major versions of order.shipped, of which the older one has ended."""
    copy = ContractCopy(tmp_path_factory.mktemp("retired") / "contract")
    add_order_shipped_2(copy)
    for folder in (copy.contracts / "order.shipped").glob("1.*"):
        (folder / "deprecated.json").write_text(json.dumps(ENDED))
    arguments = ("--store", "memory:", "--grpc-port", "0", "--contract", str(copy.root), *QUICK)
    with ServerProcess(*arguments) as running:
        yield running


@pytest.fixture(scope="module")
def http(server: ServerProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=30) as client:
        yield client


@pytest.mark.parametrize("headers", [STREAM, PAGE])
def test_requests_for_it_are_gone_and_others_are_not(http: httpx.Client, headers: dict[str, str]) -> None:
    for query in REFUSED:
        response = http.get(EVENTS, params={**query, "follow": "false"}, headers=headers)
        assert (response.status_code, response.json()) == (410, PROBLEM)
        assert http.head(EVENTS, params=query, headers=headers).status_code == 410
    for query in SERVED:
        response = http.get(EVENTS, params={**query, "from": "earliest", "follow": "false"}, headers=headers)
        assert response.status_code in (200, 204)
        assert "deprecation" not in response.headers


def test_subscriptions_to_it_are_an_error_and_the_connection_stays(server: ServerProcess) -> None:
    with conversation(server) as talk:
        for request in REFUSED:
            assert talk.ask("subscribe", subscription=1, **request) == {
                "type": "error",
                "subscription": 1,
                "problem": PROBLEM,
            }
        for number, request in enumerate(SERVED, 1):
            assert talk.ask("subscribe", subscription=number, **request)["type"] == "checkpoint"


def test_calls_for_it_fail_and_others_do_not(server: ServerProcess) -> None:
    names = {"majorVersion": "major_version", "eventTypes": "event_types"}
    with GrpcClient(server.grpc_address) as client:
        for request in REFUSED:
            with pytest.raises(grpc.RpcError) as failed:
                list(client.subscribe(**{names[name]: each for name, each in request.items()}))
            assert failed.value.code() is grpc.StatusCode.FAILED_PRECONDITION
            assert failed.value.details() == DETAIL
        for request in SERVED:
            call = client.subscribe(**{names[name]: each for name, each in request.items()})
            assert next(call).WhichOneof("item") == "checkpoint"
            call.cancel()


def test_events_in_it_are_refused_and_events_in_its_successor_are_not(http: httpx.Client) -> None:
    old = http.post(EVENTS, json={**shipped("or_1"), "schemaVersion": "1.2.0"})
    assert old.status_code == 422
    assert old.json()["violations"][0]["message"] == "must be '2.0.0', not '1.2.0'; 1.2.0 was retired on 2020-06-01"
    stored = http.post(EVENTS, json={"eventType": "order.shipped", "data": LEAST})
    assert stored.status_code == 201
    assert stored.json()["events"][0]["schemaVersion"] == "2.0.0"
    assert "deprecation" not in stored.headers
