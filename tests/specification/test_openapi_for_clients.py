"""The document for generators of clients has everything of the contract, in one form each, and admits what later versions may send."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator

from app.specification.contracts import load_contracts
from app.specification.derived.clients.openapi_for_clients import derive_openapi_for_clients
from app.specification.derived.clients.value_lists import name_value_lists
from app.specification.document import load_document
from app.specification.openapi.bundle import inline
from app.specification.openapi.structure import operations
from app.specification.openapi.write import write_json
from app.specification.schema.schema import compile_schema
from tests.cli.command import run
from tests.support.contract_copy import ContractCopy
from tests.support.order_returned import add_order_returned

ROOT = Path(__file__).parents[2]
BUNDLED = load_document(ROOT, load_contracts(ROOT / "contracts")).bundled
CLIENTS = derive_openapi_for_clients(BUNDLED)
INLINED = inline(CLIENTS)
SCHEMAS: dict[str, Any] = CLIENTS["components"]["schemas"]


def every_node(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from every_node(value)


def accepts(component: str, value: Any) -> bool:
    return compile_schema(INLINED["components"]["schemas"][component], component).accepts(value)


def test_document_is_valid_and_its_source_is_not_changed() -> None:
    before = deepcopy(BUNDLED)
    derived = derive_openapi_for_clients(BUNDLED)
    for schema in derived["components"]["schemas"].values():
        schema.clear()
    assert before == BUNDLED
    assert list(OpenAPIV30SpecValidator(deepcopy(CLIENTS)).iter_errors()) == []


def test_every_operation_but_the_socket_has_one_media_type_for_its_result() -> None:
    ids = {each.content["operationId"] for each in operations(CLIENTS)}
    assert ids == {each.content["operationId"] for each in operations(BUNDLED)} - {"openOrderEventsSocket"}
    for each in operations(CLIENTS):
        media_types = [
            *each.content.get("requestBody", {}).get("content", {}),
            *(
                kind
                for status in ("200", "201")
                for kind in each.content["responses"].get(status, {}).get("content", {})
            ),
        ]
        assert len(media_types) <= 1 + ("requestBody" in each.content), each.content["operationId"]


def test_stream_and_page_are_operations_of_their_own() -> None:
    results = {each.content["operationId"]: each.content["responses"].get("200", {}) for each in operations(CLIENTS)}
    stream, page = (results[name]["content"] for name in ("streamOrderEvents", "listOrderEvents"))
    assert stream["text/event-stream"]["schema"] == {"$ref": "#/components/schemas/OrderEventStreamFrame"}
    assert page["application/json"]["schema"] == {"$ref": "#/components/schemas/EventPage"}


def test_request_has_an_array_with_the_examples_that_are_arrays() -> None:
    body = CLIENTS["paths"]["/events/orders"]["post"]["requestBody"]["content"]["application/json"]
    assert body["schema"] == {"$ref": "#/components/schemas/OrderEventBatch"}
    assert list(body["examples"]) == ["batch"]


def test_every_list_of_values_has_a_name_and_no_reference_leads_into_a_component() -> None:
    named = [schema for name, schema in SCHEMAS.items() if "enum" in schema]
    assert {"KnownStreamGapReason", "KnownStreamClosingReason", "OrderShippedEventSchemaVersion"} <= SCHEMAS.keys()
    for node in every_node(SCHEMAS):
        assert "enum" not in node or len(node["enum"]) == 1 or node in named
    for node in every_node(CLIENTS):
        assert "$ref" not in node or node["$ref"].count("/") == 3


def test_every_component_is_used() -> None:
    used = {node["$ref"] for node in every_node(CLIENTS) if "$ref" in node}
    for kind in CLIENTS["components"].keys() - {"securitySchemes"}:
        for name in CLIENTS["components"][kind]:
            assert f"#/components/{kind}/{name}" in used


@pytest.mark.parametrize(
    ("component", "value"),
    [
        ("StreamGapV1", {"reason": "of another version", "requested": "a-1", "earliest": "a-2", "more": 1}),
        ("OrderShippedV1", {"orderId": "or_1", "when": "2024-05-01T10:00:00Z", "later": {"a": 1}}),
        ("StreamCheckpointV1", {"behind": 3}),
        ("PageEvent", {"id": "a-1", "eventType": "order.returned", "schemaVersion": "1.0.0", "data": {}, "more": 1}),
        ("Problem", {"type": "/problems/new", "title": "New", "status": 418, "detail": "", "more": 1}),
    ],
)
def test_what_a_later_minor_version_may_send_is_admitted(component: str, value: object) -> None:
    assert accepts(component, value)


@pytest.mark.parametrize(
    ("component", "value"),
    [
        ("StreamGapV1", {"reason": 1, "requested": "a-1", "earliest": "a-2"}),
        ("StreamCheckpointV1", []),
        ("EventTypeFilter", ["order.unknown"]),
        ("OrderShippedEvent", {"eventType": "order.shipped", "data": {}, "schemaversion": "1.0.0"}),
        ("OrderEvent", {"eventType": "order.unknown", "data": {}}),
    ],
)
def test_what_is_wrong_in_every_version_is_not_admitted(component: str, value: object) -> None:
    assert not accepts(component, value)


def test_examples_of_the_contract_are_admitted() -> None:
    shown = 0
    for each in operations(INLINED):
        for response in each.content["responses"].values():
            for media_type in response.get("content", {}).values():
                schema = compile_schema(media_type["schema"], each.path)
                for example in media_type.get("examples", {}).values():
                    assert schema.accepts(example["value"]), example
                    shown += 1
    assert shown > len(INLINED["components"]["examples"])


def test_command_prints_what_servers_have(tmp_path: Path) -> None:
    printed = run("openapi", "--contract", str(ROOT))
    assert (printed.code, printed.out.encode()) == (0, write_json(CLIENTS))
    refused = run("openapi", "--contract", str(tmp_path))
    assert (refused.code, refused.out, len(refused.errors)) == (1, "", 1)


def test_new_event_type_is_there_without_code(tmp_path: Path) -> None:
    copy = ContractCopy(tmp_path / "contract")
    add_order_returned(copy)
    derived = derive_openapi_for_clients(load_document(copy.root, load_contracts(copy.contracts)).bundled)
    assert "order.returned" in derived["components"]["schemas"]["KnownOrderEventType"]["enum"]
    assert {"$ref": "#/components/schemas/OrderReturnedFrame"} in derived["components"]["schemas"][
        "OrderEventStreamFrame"
    ]["oneOf"]


def values(*members: str) -> dict[str, Any]:
    return {"type": "string", "enum": [*members]}


@pytest.mark.parametrize(
    ("schemas", "names"),
    [
        ({"CupV1": {"properties": {"size": values("s", "l")}}}, {"CupSize"}),
        (
            {"CupV1": {"properties": {"size": values("s", "l")}}, "CupV2": {"properties": {"size": values("s", "m")}}},
            {"CupV1Size", "CupV2Size"},
        ),
        ({"Cup": {"properties": {"size": values("s", "l")}}, "CupSize": values("other", "list")}, {"CupSizeValue"}),
        ({"Cup": {"properties": {"parts": {"type": "array", "items": values("lid", "ear")}}}}, {"CupPartsItem"}),
        ({"Cup": {"properties": {"lid": {"properties": {"size": values("s", "l")}}}}}, {"CupLidSize"}),
        ({"Cup": {"properties": {"event": values("cup")}}}, set()),
        ({"Cup": {"properties": {"event": {**values("cup"), "x-extensible": True}}}}, {"CupEvent"}),
    ],
)
def test_list_of_values_is_named_after_its_place(schemas: dict[str, Any], names: set[str]) -> None:
    named = name_value_lists({"components": {"schemas": schemas}})["components"]["schemas"]
    assert named.keys() - schemas.keys() == names
    references = {node["$ref"] for node in every_node(named) if "$ref" in node}
    assert references == {f"#/components/schemas/{name}" for name in names}


def test_reference_into_a_component_becomes_what_it_leads_to() -> None:
    schemas = {
        "Cup": {"properties": {"size": values("s", "l"), "price": {"type": "integer"}}},
        "Order": {
            "properties": {
                "size": {"$ref": "#/components/schemas/Cup/properties/size"},
                "price": {"$ref": "#/components/schemas/Cup/properties/price"},
            }
        },
    }
    named = name_value_lists({"components": {"schemas": schemas}})["components"]["schemas"]
    assert named["Order"]["properties"] == {
        "size": {"$ref": "#/components/schemas/CupSize"},
        "price": {"type": "integer"},
    }
