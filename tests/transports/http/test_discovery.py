"""Discovery: the event types, the very schemas that events are checked with, and the contract itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml

from tests.transports.http.orders import EVENTS, Json, shipped

CONTRACTS = Path(__file__).parents[3] / "contracts"
SCHEMAS = sorted(CONTRACTS.glob("*/*/schema.json"))


def test_all_event_types_and_versions_are_listed(http: httpx.Client) -> None:
    response = http.get("/event-types")
    listed = {
        (each["eventType"], version["version"])
        for each in response.json()["eventTypes"]
        for version in each["versions"]
    }
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert listed == {(path.parent.parent.name, path.parent.name) for path in SCHEMAS}


def test_each_event_type_has_its_kind(http: httpx.Client) -> None:
    kinds = {each["eventType"]: each["kind"] for each in http.get("/event-types").json()["eventTypes"]}
    assert kinds == {name: "control" if name.startswith("stream.") else "order" for name in kinds}


def test_each_listed_address_leads_to_the_schema(http: httpx.Client) -> None:
    for each in http.get("/event-types").json()["eventTypes"]:
        for version in each["versions"]:
            assert http.get(version["schema"]).status_code == 200


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: f"{path.parent.parent.name}-{path.parent.name}")
def test_a_schema_is_served_as_it_is_in_its_file(http: httpx.Client, path: Path) -> None:
    response = http.get(f"/event-types/{path.parent.parent.name}/{path.parent.name}")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/schema+json"
    assert "immutable" in response.headers["cache-control"]
    assert response.json() == json.loads(path.read_text())


@pytest.mark.parametrize(
    "path",
    [
        "order.lost/1.0.0",
        "order.shipped/9.0.0",
        "order.shipped/1.0",
        "order.shipped/latest",
        "ORDER.SHIPPED/1.0.0",
        "stream.nonsense/1.0.0",
        "../1.0.0",
        "order.shipped/1.0.0%0A",
        "%00/1.0.0",
    ],
)
def test_an_unknown_type_or_version_is_not_found(http: httpx.Client, path: str) -> None:
    response = http.get(f"/event-types/{path}")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


def test_events_are_checked_with_the_schema_that_is_served(http: httpx.Client) -> None:
    schema = http.get("/event-types/order.shipped/1.0.0").json()
    event = shipped()
    for required in schema["required"]:
        lacking = {**event, "data": {name: value for name, value in event["data"].items() if name != required}}
        assert http.post(EVENTS, json=lacking).status_code == 422


def test_the_contract_is_served_in_one_piece_with_the_names_of_its_components(http: httpx.Client) -> None:
    source = yaml.safe_load((CONTRACTS.parent / "openapi" / "orders-events.yaml").read_text())
    served = http.get("/openapi.json").json()

    assert served["openapi"] == "3.0.3"
    assert served["paths"].keys() == source["paths"].keys()
    for kind, components in source["components"].items():
        assert served["components"][kind].keys() >= components.keys()
    assert all(reference.startswith("#/components/") for reference in references(served))
    assert http.get("/openapi.json").headers["content-type"] == "application/json"


def test_the_contract_is_the_same_in_both_formats(http: httpx.Client) -> None:
    response = http.get("/openapi.yaml")
    assert response.headers["content-type"].split(";")[0] == "application/yaml"
    assert yaml.safe_load(response.text) == http.get("/openapi.json").json()


def references(node: Json) -> Iterator[str]:
    """Find every `$ref` of a document."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from references(each)
