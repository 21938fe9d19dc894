"""A new event type, added as `contracts/README.md` describes: files and text, and no Python."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from app.cli import main
from tests.support.contract_copy import ContractCopy
from tests.support.order_returned import DATA, SCHEMA, add_order_returned
from tests.support.server_process import ServerProcess
from tests.transports.http.orders import EVENTS, PAGE, frames, publish, shipped


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    copy = ContractCopy(tmp_path_factory.mktemp("three") / "contract")
    add_order_returned(copy)
    arguments = ("--store", "memory:", "--contract", str(copy.root))
    with ServerProcess(*arguments) as server, httpx.Client(base_url=server.url, timeout=30) as client:
        yield client


def main_result(*arguments: str) -> int:
    result = CliRunner().invoke(main, arguments)
    assert isinstance(result.exit_code, int)
    return result.exit_code


def returned(**data: object) -> dict[str, object]:
    return {"eventType": "order.returned", "data": {**DATA, **data}}


def test_new_type_is_published_and_read(http: httpx.Client) -> None:
    shipped_id, returned_id = publish(http, shipped(), returned())
    stream = frames(http.get(EVENTS, params={"from": "earliest", "follow": "false"}).text)
    assert [(frame.id, frame.event) for frame in stream[-3:-1]] == [
        (shipped_id, "order.shipped"),
        (returned_id, "order.returned"),
    ]
    assert json.loads(stream[-2].data or "") == DATA


def test_readers_can_filter_by_the_new_type(http: httpx.Client) -> None:
    publish(http, shipped(), returned(), shipped(), returned(orderId="or_2"))
    page = http.get(EVENTS, params={"from": "earliest", "eventTypes": "order.returned"}, headers=PAGE).json()
    assert {event["eventType"] for event in page["events"]} == {"order.returned"}
    page = http.get(EVENTS, params={"from": "earliest", "orderId": "or_2"}, headers=PAGE).json()
    assert {event["data"]["orderId"] for event in page["events"]} == {"or_2"}
    assert http.get(EVENTS, params={"eventTypes": "order.lost"}).status_code == 400


def test_new_type_is_checked_by_its_schema(http: httpx.Client) -> None:
    response = http.post(EVENTS, json=returned(items=0))
    assert response.status_code == 422
    assert [violation["pointer"] for violation in response.json()["violations"]] == ["/data/items"]


def test_new_type_is_in_discovery(http: httpx.Client) -> None:
    listed = {each["eventType"]: each for each in http.get("/event-types").json()["eventTypes"]}
    assert listed["order.returned"]["kind"] == "order"
    (version,) = listed["order.returned"]["versions"]
    assert http.get(version["schema"]).json() == SCHEMA


def test_new_type_is_in_the_served_contract(http: httpx.Client) -> None:
    document = http.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    assert "order.returned" in schemas["OrderEventType"]["enum"]
    assert schemas["OrderReturnedV1"]["properties"] == SCHEMA["properties"]
    assert {"$ref": "#/components/schemas/OrderReturnedFrame"} in schemas["OrderEventStreamFrame"]["oneOf"]


def test_new_type_is_in_the_derived_documents_and_the_docs(http: httpx.Client) -> None:
    schemas = http.get("/openapi-3.2.json").json()["components"]["schemas"]
    assert schemas["OrderReturnedV1"]["properties"].keys() == SCHEMA["properties"].keys()
    asyncapi = http.get("/asyncapi.json").json()
    assert any(message.get("name") == "order.returned" for message in asyncapi["components"]["messages"].values())
    assert "order.returned" in http.get("/docs/events").text


def test_a_check_of_the_deployment_holds(http: httpx.Client) -> None:
    publish(http, shipped(), returned())
    assert main_result("check", str(http.base_url), "--quick") == 0


def test_the_gate_accepts_the_new_type_with_the_next_minor_version(tmp_path: Path) -> None:
    copy = ContractCopy(tmp_path / "contract")
    add_order_returned(copy)
    assert main_result("contracts", "--contract", str(copy.root)) == 1
    copy.move_to_next_minor()
    assert main_result("contracts", "--number", "--contract", str(copy.root)) == 0


def test_new_type_is_counted_in_the_metrics(http: httpx.Client) -> None:
    publish(http, returned())
    assert 'orders_events_events_published_total{event_type="order.returned"}' in http.get("/metrics").text


def test_the_test_changed_no_python(tmp_path: Path) -> None:
    copy = ContractCopy(tmp_path / "contract")
    add_order_returned(copy)
    assert not list(copy.root.rglob("*.py"))
