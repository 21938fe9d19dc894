"""A new minor version of an event type: files and text, and no Python."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from app.cli import main
from tests.support.contract_copy import ContractCopy
from tests.support.server_process import ServerProcess
from tests.transports.http.orders import EVENTS, PAGE, WHEN

DATA = {"orderId": "or_1", "when": WHEN, "refundId": "rf_1"}


def add_minor_version(copy: ContractCopy) -> None:
    """Copy the newest folder to the next version, add a property, refer to the copy, and move the version of the document."""
    folder = copy.contracts / "order.cancelled"
    shutil.copytree(folder / "1.1.0", folder / "1.2.0")
    schema = json.loads((folder / "1.2.0" / "schema.json").read_text())
    schema["$id"] = schema["$id"].replace("1.1.0", "1.2.0")
    schema["properties"]["refundId"] = {"description": "The refund.", "type": "string", "maxLength": 40}
    (folder / "1.2.0" / "schema.json").write_text(json.dumps(schema))
    (folder / "1.2.0" / "examples" / "valid-with-refund.json").write_text(json.dumps(DATA))
    copy.replace(r"contracts/order\.cancelled/1\.1\.0/", "contracts/order.cancelled/1.2.0/")
    copy.list_version("order.cancelled", "1.2.0")
    copy.move_to_next_minor()
    (folder / "1.1.0" / "deprecated.json").write_text('{"deprecatedOn": "2026-12-01"}')


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> ContractCopy:
    copy = ContractCopy(tmp_path_factory.mktemp("minor") / "contract")
    add_minor_version(copy)
    return copy


@pytest.fixture(scope="module")
def http(copy: ContractCopy) -> Iterator[httpx.Client]:
    arguments = ("--store", "memory:", "--contract", str(copy.root))
    with ServerProcess(*arguments) as server, httpx.Client(base_url=server.url, timeout=30) as client:
        yield client


def test_an_event_that_names_no_version_has_the_new_one(http: httpx.Client) -> None:
    (stored,) = http.post(EVENTS, json={"eventType": "order.cancelled", "data": DATA}).json()["events"]
    assert stored["schemaVersion"] == "1.2.0"
    page = http.get(EVENTS, params={"from": "earliest"}, headers=PAGE).json()
    assert page["events"][-1]["data"] == DATA


def test_event_of_the_previous_version_is_checked_by_its_schema(http: httpx.Client) -> None:
    old = {"eventType": "order.cancelled", "schemaVersion": "1.1.0"}
    assert http.post(EVENTS, json={**old, "data": {"orderId": "or_1", "when": WHEN}}).status_code == 201
    refused = http.post(EVENTS, json={**old, "data": DATA})
    assert refused.status_code == 422
    assert refused.json()["violations"][0]["message"] == "must not have the property 'refundId'"


def test_discovery_lists_all_versions_and_the_deprecated_one(http: httpx.Client) -> None:
    listed = {each["eventType"]: each["versions"] for each in http.get("/event-types").json()["eventTypes"]}
    assert listed["order.cancelled"] == [
        {"version": "1.0.0", "lifecycle": "current", "schema": "/event-types/order.cancelled/1.0.0"},
        {
            "version": "1.1.0",
            "lifecycle": "deprecated",
            "deprecatedOn": "2026-12-01",
            "schema": "/event-types/order.cancelled/1.1.0",
        },
        {"version": "1.2.0", "lifecycle": "current", "schema": "/event-types/order.cancelled/1.2.0"},
    ]
    schema = http.get("/event-types/order.cancelled/1.2.0")
    assert "refundId" in schema.json()["properties"]
    assert "immutable" in schema.headers["cache-control"]


def test_docs_and_derived_documents_show_the_new_version(http: httpx.Client) -> None:
    for path in ("/openapi.json", "/openapi-3.2.json", "/asyncapi.json", "/docs/events"):
        assert "refundId" in http.get(path).text, path
    assert "refund_id = 5;" in http.get("/orders-events.proto").text
    assert "deprecated since 2026-12-01" in http.get("/docs/events").text


def test_a_check_of_the_deployment_holds(http: httpx.Client) -> None:
    http.post(EVENTS, json={"eventType": "order.cancelled", "data": DATA}).raise_for_status()
    result = CliRunner().invoke(main, ["check", str(http.base_url), "--quick", "--publish"])
    assert result.exit_code == 0, result.output


def test_the_gate_accepts_the_new_version(copy: ContractCopy) -> None:
    result = CliRunner().invoke(main, ["contracts", "--number", "--contract", str(copy.root)])
    assert result.exit_code == 0, result.output


def test_no_python_was_needed(copy: ContractCopy) -> None:
    assert not list(Path(copy.root).rglob("*.py"))
