"""Readers and publishers of what is deprecated are told on every transport, in headers and in band."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from httpx_sse import ServerSentEvent, connect_sse

pytest.importorskip("grpc_reflection")  # an extra; a test of its own fails in CI if it is missing

from google.protobuf.json_format import MessageToDict

from tests.support.contract_copy import ContractCopy
from tests.support.server_process import QUICK, ServerProcess
from tests.transports.grpc.foreign import GrpcClient
from tests.transports.http.orders import EVENTS, PAGE, WHEN, shipped
from tests.transports.websocket.conversations import conversation

TOLD = {"eventType": "order.shipped", "majorVersion": 1, "deprecatedOn": "2026-12-01", "sunsetOn": "2999-06-01"}
FINITE = {"from": "earliest", "follow": "false"}
LINK = '</docs/events#order.shipped>; rel="deprecation"'
READER = {"deprecation": "@1796083200", "link": LINK}
NONE = {"deprecation": None, "sunset": None, "link": None}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server of a contract in which every version of order.shipped ends, without a successor: in the year 2999, but 1.0.0 has ended."""
    copy = ContractCopy(tmp_path_factory.mktemp("deprecated") / "contract")
    for folder in (copy.contracts / "order.shipped").iterdir():
        last = "2020-06-01" if folder.name == "1.0.0" else "2999-06-01"
        days = {"deprecatedOn": "2020-01-01" if folder.name == "1.0.0" else "2026-12-01", "sunsetOn": last}
        (folder / "deprecated.json").write_text(json.dumps(days))
    with (
        ServerProcess("--store", "memory:", "--grpc-port", "0", "--contract", str(copy.root), *QUICK) as running,
        httpx.Client(base_url=running.url, timeout=30) as client,
    ):
        for event in (shipped("or_1"), {"eventType": "order.cancelled", "data": {"orderId": "or_1", "when": WHEN}}):
            client.post(EVENTS, json=event).raise_for_status()
        yield running


@pytest.fixture(scope="module")
def http(server: ServerProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=30) as client:
        yield client


def said(response: httpx.Response) -> dict[str, str | None]:
    return {name: response.headers.get(name) for name in ("deprecation", "sunset", "link")}


def frames(http: httpx.Client, **parameters: str) -> tuple[list[ServerSentEvent], dict[str, str | None]]:
    with connect_sse(http, "GET", EVENTS, params={**FINITE, **parameters}) as source:
        return list(source.iter_sse()), said(source.response)


def test_a_stream_tells_it_after_its_first_frame_without_an_id(http: httpx.Client) -> None:
    received, headers = frames(http)
    assert [each.event for each in received] == [
        "stream.checkpoint",
        "stream.deprecation",
        "order.shipped",
        "order.cancelled",
        "stream.closing",
    ]
    assert received[1].json() == TOLD
    assert received[1].id == received[0].id  # of the frame before, as the standard says
    assert b"event: stream.deprecation\ndata: {" in http.get(EVENTS, params=FINITE).content.replace(b"\n\n", b"\n")
    assert headers == {**READER, "sunset": None}  # readers go on, for there is no successor


def test_readers_of_other_types_are_not_told(http: httpx.Client) -> None:
    received, headers = frames(http, eventTypes="order.cancelled")
    assert [each.event for each in received] == ["stream.checkpoint", "order.cancelled", "stream.closing"]
    assert headers == NONE


@pytest.mark.parametrize("headers", [{}, {"Accept-Encoding": "identity"}])
def test_a_compressed_stream_tells_it_too(http: httpx.Client, headers: dict[str, str]) -> None:
    assert http.get(EVENTS, params=FINITE, headers=headers).text.count("stream.deprecation") == 1


def test_pages_heads_and_204_have_the_headers(http: httpx.Client) -> None:
    page = http.get(EVENTS, params={"from": "earliest", "majorVersion": "1"}, headers=PAGE)
    head = http.head(EVENTS)
    empty = http.get(EVENTS, params={"follow": "false"})
    assert (page.status_code, head.status_code, empty.status_code) == (200, 200, 204)
    assert [said(each) for each in (page, head, empty)] == [{**READER, "sunset": None}] * 3


def test_a_publisher_is_told_about_the_versions_that_it_used(http: httpx.Client) -> None:
    answer = http.post(EVENTS, json=shipped("or_2"))
    assert answer.status_code == 201
    sunset = LINK.replace("deprecation", "sunset")
    assert said(answer) == {
        "deprecation": "@1796083200",
        "sunset": "Sat, 01 Jun 2999 00:00:00 GMT",
        "link": f"{LINK}, {sunset}",
    }
    other = http.post(EVENTS, json={"eventType": "order.cancelled", "data": {"orderId": "or_2", "when": WHEN}})
    assert said(other) == NONE


def test_a_version_that_has_ended_is_listed_as_retired_and_refused(http: httpx.Client) -> None:
    listed = {each["eventType"]: each["versions"] for each in http.get("/event-types").json()["eventTypes"]}
    assert listed["order.shipped"][0] == {
        "version": "1.0.0",
        "lifecycle": "retired",
        "deprecatedOn": "2020-01-01",
        "sunsetOn": "2020-06-01",
        "schema": "/event-types/order.shipped/1.0.0",
    }
    refused = http.post(EVENTS, json={**shipped("or_3"), "schemaVersion": "1.0.0"})
    assert refused.status_code == 422
    (violation,) = refused.json()["violations"]
    assert violation["pointer"] == "/schemaVersion"
    assert violation["message"] == "must be one of '1.1.0', '1.2.0', not '1.0.0'; 1.0.0 was retired on 2020-06-01"


def test_a_subscription_over_websocket_tells_it(server: ServerProcess) -> None:
    with conversation(server) as talk:
        assert talk.ask("subscribe", subscription=3)["type"] == "checkpoint"
        assert talk.read() == {"type": "deprecation", "subscription": 3, **TOLD}
        assert talk.ask("subscribe", subscription=4, eventTypes=["order.cancelled"])["type"] == "checkpoint"
        assert talk.ask("ping") == {"type": "pong"}


def test_a_call_over_grpc_tells_it(server: ServerProcess) -> None:
    request: dict[str, Any] = {"from": "earliest", "follow": False}
    with GrpcClient(server.grpc_address) as client:
        told: list[dict[str, Any]] = [MessageToDict(each) for each in client.subscribe(**request)]
    assert [next(iter(each)) for each in told] == ["checkpoint", "deprecation", "events", "closing"]
    assert {**told[1]["deprecation"], "majorVersion": 1} == TOLD


def test_the_docs_say_when_a_version_ends(http: httpx.Client) -> None:
    assert "deprecated since 2026-12-01, ends on 2999-06-01" in http.get("/docs/events").text
