"""The derived documents are valid by foreign schemas, and nothing of the contract is lost in them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from httpx_sse import EventSource
from jsonschema import Draft7Validator, Draft202012Validator
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV32SpecValidator

from app.specification.contracts import load_contracts
from app.specification.derived.asyncapi import derive_asyncapi
from app.specification.derived.clients.openapi_for_clients import derive_openapi_for_clients
from app.specification.derived.clients.value_lists import is_value_list, name_value_lists
from app.specification.derived.openapi_3_2 import derive_openapi_3_2
from app.specification.document import load_document
from app.specification.errors import InvalidContract
from app.specification.openapi.deployment import Deployment
from app.specification.openapi.write import write_json
from app.specification.schema.schema import compile_schema
from tests.node_packages.installed import node_package
from tests.support.contract_copy import ContractCopy
from tests.support.order_returned import add_order_returned
from tests.support.server_process import ServerProcess

ROOT = Path(__file__).parents[2]
CONTRACTS = load_contracts(ROOT / "contracts")
BUNDLED = load_document(ROOT, CONTRACTS).bundled
OPEN = load_document(ROOT, CONTRACTS, deployment=Deployment(has_keys=False))
OPENAPI = derive_openapi_3_2(BUNDLED)
ASYNCAPI = derive_asyncapi(BUNDLED)
STREAM = "text/event-stream"
SCHEMAS: dict[str, Any] = BUNDLED["components"]["schemas"]
NAMED: dict[str, Any] = name_value_lists(BUNDLED)["components"]["schemas"]
FRAMES: dict[str, str] = SCHEMAS["OrderEventStreamFrame"]["discriminator"]["mapping"]
METHODS = ("get", "post")
SOCKET = "/events/orders/socket"
SIDES = {"receives": "receive", "sends": "send"}


def referred(document: dict[str, Any], reference: str) -> Any:
    """Return the target of a `#/` reference; a KeyError means that it leads nowhere."""
    found: Any = document
    for step in reference.removeprefix("#/").split("/"):
        found = found[step.replace("~1", "/").replace("~0", "~")]
    return found


def every_reference(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from every_reference(value)
    elif isinstance(node, list):
        for value in node:
            yield from every_reference(value)


def violations(schema: dict[str, Any], value: Any, document: dict[str, Any]) -> list[str]:
    """Return a validator of a component, made from the document alone, as a client would make it."""
    whole = {**schema, "components": document["components"]}
    validator = Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [error.message for error in validator.iter_errors(value)]


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


# Without keys


def test_documents_of_a_server_without_keys_demand_no_token_and_differ_in_nothing_else() -> None:
    for with_keys, without_keys in ((BUNDLED, OPEN.bundled), (OPENAPI, json.loads(OPEN.openapi_3_2))):
        expected = deepcopy(with_keys)
        for _, _, operation in operations(expected):
            operation["security"] = []
        assert without_keys == expected
    expected = deepcopy(ASYNCAPI)
    for operation in expected["operations"].values():
        operation["security"] = []
    assert json.loads(OPEN.asyncapi) == expected
    assert OPEN.json == write_json(OPEN.bundled)
    assert yaml.safe_load(OPEN.yaml) == OPEN.bundled


# OpenAPI 3.2


def test_openapi_3_2_is_valid() -> None:
    assert OPENAPI["openapi"] == "3.2.0"
    assert [error.message for error in OpenAPIV32SpecValidator(OPENAPI).iter_errors()] == []


@pytest.mark.parametrize(
    "plant",
    [
        lambda document: document["paths"]["/events/orders"]["get"]["responses"].clear(),
        lambda document: document["paths"]["/events/orders"]["get"].update(frames=[]),
        lambda document: document["components"]["schemas"]["Position"].update(type="text"),
        lambda document: document["info"].pop("version"),
    ],
)
def test_validator_of_openapi_3_2_finds_a_planted_fault(plant: Any) -> None:
    document = deepcopy(OPENAPI)
    plant(document)
    assert list(OpenAPIV32SpecValidator(document).iter_errors())


def restored(document: dict[str, Any]) -> dict[str, Any]:
    """Convert a value back to OpenAPI 3.0, by rules that are independent of the derivation."""
    back = deepcopy(document)
    assert back.pop("jsonSchemaDialect") == "https://spec.openapis.org/oas/3.2/dialect/2025-09-17"
    back["openapi"] = BUNDLED["openapi"]
    for reference in FRAMES.values():
        properties = referred(back, reference)["properties"]
        assert properties["data"].pop("type") == "string"
        assert properties["data"].pop("contentMediaType") == "application/json"
        properties["data"] = properties["data"].pop("contentSchema")
    for _, _, operation in operations(back):
        content = operation["responses"].get("200", {}).get("content", {})
        if STREAM in content:
            content[STREAM]["schema"] = content[STREAM].pop("itemSchema")
            for example in content[STREAM]["examples"].values():
                (frame,) = example.pop("dataValue")
                del example["serializedValue"]
                example["value"] = {**frame, "data": json.loads(frame["data"])}
    undone: dict[str, Any] = with_singular_examples(back)
    return undone


def with_singular_examples(node: Any) -> Any:
    """Convert `examples` of a schema back to `example`; these are the only `examples` that are lists."""
    if isinstance(node, dict):
        pairs = node.items()
        return {
            "example" if is_list(key, value) else key: value[0]
            if is_list(key, value)
            else with_singular_examples(value)
            for key, value in pairs
        }
    return [with_singular_examples(each) for each in node] if isinstance(node, list) else node


def with_lists(node: Any) -> Any:
    """Convert `const` of a schema back to `enum` with one value."""
    if isinstance(node, dict):
        return {
            "enum" if key == "const" else key: [value] if key == "const" else with_lists(value)
            for key, value in node.items()
        }
    return [with_lists(each) for each in node] if isinstance(node, list) else node


def is_list(key: str, value: Any) -> bool:
    return key == "examples" and isinstance(value, list)


def test_openapi_3_2_has_everything_of_the_contract_and_nothing_else() -> None:
    assert restored(OPENAPI) == BUNDLED


def test_openapi_3_2_has_no_keyword_of_3_0() -> None:
    for schema in every_schema(OPENAPI):
        assert not {"example", "nullable"} & schema.keys()
        assert not isinstance(schema.get("exclusiveMinimum", 0), bool)


def every_schema(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for schema in document["components"]["schemas"].values():
        yield from parts(schema)
    for parameter in document["components"]["parameters"].values():
        yield from parts(parameter["schema"])


def parts(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    for part in (*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])):
        yield from parts(part)


@pytest.mark.parametrize("keyword", [{"nullable": True}, {"exclusiveMinimum": True, "minimum": 0}])
def test_keywords_that_the_derivation_does_not_know_are_refused_at_startup(keyword: dict[str, Any]) -> None:
    with pytest.raises(InvalidContract):
        compile_schema({"type": "integer", **keyword}, "A schema")


def test_data_field_of_a_frame_in_openapi_3_2_is_text_with_a_schema_for_its_content() -> None:
    for event_type, reference in FRAMES.items():
        data = referred(OPENAPI, reference)["properties"]["data"]
        assert data["type"] == "string"
        assert data["contentSchema"] == referred(BUNDLED, reference)["properties"]["data"], event_type


def test_examples_of_the_stream_are_read_by_a_decoder_and_fit_the_item_schema() -> None:
    stream = OPENAPI["paths"]["/events/orders"]["get"]["responses"]["200"]["content"][STREAM]
    assert len(stream["examples"]) >= len(FRAMES)
    for example in stream["examples"].values():
        (frame,) = example["dataValue"]
        assert violations(stream["itemSchema"], frame, OPENAPI) == []
        response = httpx.Response(200, headers={"Content-Type": STREAM}, text=example["serializedValue"])
        (event,) = EventSource(response).iter_sse()
        assert (event.event, event.data) == (frame["event"], frame["data"])
        assert (event.id, event.retry) == (frame.get("id", ""), frame.get("retry"))


# AsyncAPI


def asyncapi_breaches(document: dict[str, Any]) -> list[str]:
    """Return the errors by the schema that the specification publishes."""
    schema = json.loads((node_package("@asyncapi/specs") / "schemas" / "3.1.0.json").read_text())
    return [error.message for error in Draft7Validator(schema).iter_errors(document)]


def test_asyncapi_is_valid() -> None:
    assert ASYNCAPI["asyncapi"] == "3.1.0"
    assert asyncapi_breaches(ASYNCAPI) == []


@pytest.mark.parametrize(
    "plant",
    [
        lambda document: document["operations"]["streamOrderEvents"].update(action="publish"),
        lambda document: document["operations"]["streamOrderEvents"].pop("channel"),
        lambda document: document["channels"]["events.orders"].update(path="/events/orders"),
        lambda document: document["components"]["schemas"]["OrderShippedV1"].update(type="text"),
    ],
)
def test_schema_of_asyncapi_finds_a_planted_fault(plant: Any) -> None:
    document = deepcopy(ASYNCAPI)
    plant(document)
    assert asyncapi_breaches(document)


def test_asyncapi_demands_of_each_operation_what_the_contract_demands() -> None:
    for name, operation in ASYNCAPI["operations"].items():
        path, method = (SOCKET, "get") if operation["channel"]["$ref"].endswith(".socket") else ("/events/orders", "")
        source = BUNDLED["paths"][path][method or ("get" if name == "streamOrderEvents" else "post")]
        demanded = [
            reference["$ref"].removeprefix("#/components/securitySchemes/") for reference in operation["security"]
        ]
        assert demanded == [scheme for demand in source["security"] for scheme in demand], name


@pytest.mark.parametrize("document", [OPENAPI, ASYNCAPI], ids=["OpenAPI 3.2", "AsyncAPI"])
def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    references = set(every_reference(document))
    assert len(references) > 10
    for reference in references:
        referred(document, reference)


def test_every_operation_of_a_path_with_a_stream_is_an_operation_of_a_channel() -> None:
    streaming = {
        path
        for path, _, operation in operations(BUNDLED)
        if STREAM in operation["responses"].get("200", {}).get("content", {})
    }
    expected = {operation["operationId"]: path for path, _, operation in operations(BUNDLED) if path in streaming}
    found = {
        name: referred(ASYNCAPI, each["channel"]["$ref"])["address"] for name, each in ASYNCAPI["operations"].items()
    }
    assert {name: path for name, path in found.items() if path != SOCKET} == expected
    assert {name: ASYNCAPI["operations"][name]["action"] for name in expected} == {
        "streamOrderEvents": "send",
        "publishOrderEvents": "receive",
    }


def test_every_message_of_the_socket_is_an_operation_of_its_channel() -> None:
    channel = ASYNCAPI["channels"]["events.orders.socket"]
    assert (channel["address"], channel["servers"]) == (SOCKET, [{"$ref": "#/servers/ws"}])
    operations = [each for each in ASYNCAPI["operations"].values() if each["channel"]["$ref"].endswith(".socket")]
    listed = BUNDLED["paths"][SOCKET]["get"]["x-messages"]
    expected = [(action, reference["$ref"]) for side, action in SIDES.items() for reference in listed[side]]
    found = [
        (each["action"], referred(ASYNCAPI, referred(ASYNCAPI, reference["$ref"])["$ref"])["payload"]["$ref"])
        for each in operations
        for reference in each["messages"]
    ]
    assert found == expected
    assert len(channel["messages"]) == len(expected)


def test_messages_of_the_socket_are_named_by_their_type() -> None:
    names = {name for name in ASYNCAPI["operations"] if name.startswith(("receive", "send"))}
    assert {"receiveSubscribe", "receivePing", "sendEvents", "sendHeartbeat"} <= names
    for name, message in ASYNCAPI["components"]["messages"].items():
        if name.endswith("Message"):
            assert message["name"] == referred(ASYNCAPI, message["payload"]["$ref"])["properties"]["type"]["const"]


def test_headers_of_the_request_for_a_socket_are_in_the_binding_of_its_channel() -> None:
    parameters = BUNDLED["paths"][SOCKET]["get"]["parameters"]
    binding = ASYNCAPI["channels"]["events.orders.socket"]["bindings"]["ws"]
    assert binding["method"] == "GET"
    assert list(binding["headers"]["properties"]) == [each["name"] for each in parameters]


def test_every_operation_uses_messages_of_its_channel() -> None:
    for operation in ASYNCAPI["operations"].values():
        for used in (*operation["messages"], *operation.get("reply", {}).get("messages", ())):
            assert used["$ref"].startswith(f"{operation['channel']['$ref']}/messages/")


def messages(operation_id: str) -> list[dict[str, Any]]:
    references = [each["$ref"] for each in ASYNCAPI["operations"][operation_id]["messages"]]
    return [referred(ASYNCAPI, referred(ASYNCAPI, reference)["$ref"]) for reference in references]


def test_every_frame_is_a_message_that_is_sent() -> None:
    assert [message["name"] for message in messages("streamOrderEvents")] == list(FRAMES)
    for message, reference in zip(messages("streamOrderEvents"), FRAMES.values(), strict=True):
        frame = referred(BUNDLED, reference)
        assert message["payload"] == frame["properties"]["data"]
        assert {*message["headers"]["properties"], "data"} == frame["properties"].keys()
        assert {*message["headers"]["required"], "data"} == set(frame["required"])


def test_every_event_that_can_be_published_is_a_message_that_is_received() -> None:
    mapping = SCHEMAS["OrderEvent"]["discriminator"]["mapping"]
    *events, batch = messages("publishOrderEvents")
    assert [message["name"] for message in events] == list(mapping)
    assert [message["payload"]["$ref"] for message in events] == list(mapping.values())
    assert batch["payload"]["$ref"] == "#/components/schemas/OrderEventBatch"


def test_every_parameter_of_the_stream_is_in_the_binding() -> None:
    operation = BUNDLED["paths"]["/events/orders"]["get"]
    parameters = [referred(BUNDLED, parameter["$ref"]) for parameter in operation["parameters"]]
    binding = ASYNCAPI["operations"]["streamOrderEvents"]["bindings"]["http"]
    for parameter in parameters:
        described = binding["query" if parameter["in"] == "query" else "x-headers"]["properties"][parameter["name"]]
        assert described["description"] == parameter["description"]
        assert described["examples"]
        for keyword in ("type", "pattern", "minimum", "maximum", "maxItems"):
            schema = parameter["schema"]
            schema = referred(BUNDLED, schema["$ref"]) if "$ref" in schema else schema
            assert described.get(keyword) == schema.get(keyword)
    assert sum(len(binding[where]["properties"]) for where in ("query", "x-headers")) == len(parameters)


def test_every_schema_that_a_message_needs_equals_the_schema_of_the_contract() -> None:
    schemas = ASYNCAPI["components"]["schemas"]
    assert {reference.removeprefix("#/components/schemas/") for reference in FRAMES.values()}.isdisjoint(schemas)
    for name, schema in schemas.items():
        source = {keyword: value for keyword, value in NAMED[name].items() if keyword != "discriminator"}
        assert with_lists(with_singular_examples(schema)) == source
    for name in ("OrderShippedV1", "OrderCancelledV1", "StreamGapV1", "StreamClosingV1", "PublishedEvents"):
        assert name in schemas


def test_every_list_of_values_of_a_message_has_a_name() -> None:
    schemas = ASYNCAPI["components"]["schemas"]
    assert {"StreamGapReason", "StreamClosingReason", "ProblemType", "OrderShippedEventSchemaVersion"} <= schemas.keys()
    for schema in schemas.values():
        assert not any(is_value_list(part) for each in schema.get("properties", {}).values() for part in parts(each))


def test_examples_of_messages_satisfy_their_schemas_and_none_is_lost() -> None:
    shown = 0
    for message in ASYNCAPI["components"]["messages"].values():
        assert message["examples"], message["name"]
        for example in message["examples"]:
            assert violations(message["payload"], example["payload"], ASYNCAPI) == []
            assert violations(message.get("headers", {}), example.get("headers", {}), ASYNCAPI) == []
            shown += 1
    get, post = BUNDLED["paths"]["/events/orders"]["get"], BUNDLED["paths"]["/events/orders"]["post"]
    sources = (get["responses"]["200"]["content"][STREAM], post["requestBody"]["content"]["application/json"],
               post["responses"]["201"]["content"]["application/json"])  # fmt: skip
    assert shown == sum(len(source["examples"]) for source in sources) + sum(
        len(messages) for messages in BUNDLED["paths"][SOCKET]["get"]["x-messages"].values()
    )


# Both


@pytest.mark.parametrize("derive", [derive_openapi_3_2, derive_asyncapi])
def test_derivation_does_not_change_its_source_and_shares_nothing_with_it(derive: Any) -> None:
    source, before = deepcopy(BUNDLED), deepcopy(BUNDLED)
    derived = derive(source)
    derived["info"]["title"] = "Another"
    for schema in derived["components"]["schemas"].values():
        schema.get("properties", {}).clear()
        schema.get("enum", []).clear()
    assert source == before


@pytest.mark.parametrize(
    ("path", "derive"),
    [
        ("/openapi-3.2.json", derive_openapi_3_2),
        ("/openapi-clients.json", derive_openapi_for_clients),
        ("/asyncapi.json", derive_asyncapi),
    ],
)
def test_served_derived_document_is_derived_from_the_served_document(
    server: ServerProcess, path: str, derive: Any
) -> None:
    response = httpx.get(server.url + path)
    assert response.headers["content-type"] == "application/json"
    assert response.content == write_json(derive(httpx.get(f"{server.url}/openapi.json").json()))


def test_new_event_type_appears_in_both_documents_without_code(tmp_path: Path) -> None:
    copy = ContractCopy(tmp_path / "contract")
    add_order_returned(copy)
    bundled = load_document(copy.root, load_contracts(copy.contracts)).bundled
    openapi, asyncapi = derive_openapi_3_2(bundled), derive_asyncapi(bundled)

    assert list(OpenAPIV32SpecValidator(openapi).iter_errors()) == []
    assert asyncapi_breaches(asyncapi) == []
    frame = openapi["components"]["schemas"]["OrderReturnedFrame"]
    assert frame["properties"]["data"]["contentSchema"] == {"$ref": "#/components/schemas/OrderReturnedV1"}
    assert asyncapi["components"]["messages"]["OrderReturnedFrame"]["name"] == "order.returned"
    assert asyncapi["components"]["messages"]["OrderReturnedEvent"]["payload"] == {
        "$ref": "#/components/schemas/OrderReturnedEvent"
    }


def test_document_without_descriptions_and_examples_can_be_derived() -> None:
    bare = without_words(deepcopy(BUNDLED))
    assert list(OpenAPIV32SpecValidator(derive_openapi_3_2(bare)).iter_errors()) == []
    assert list(OpenAPIV30SpecValidator(derive_openapi_for_clients(bare)).iter_errors()) == []
    assert asyncapi_breaches(derive_asyncapi(bare)) == []


def without_words(node: Any) -> Any:
    """Remove the members that OpenAPI makes optional."""
    if isinstance(node, list):
        return [without_words(each) for each in node]
    if not isinstance(node, dict):
        return node
    optional = {"summary", "example", "examples", "tags", "x-message-problems"} | (
        set() if is_response(node) else {"description"}
    )
    return {key: without_words(value) for key, value in node.items() if key not in optional or not is_words(value)}


def is_response(node: dict[str, Any]) -> bool:
    return "content" in node or "headers" in node or node.keys() <= {"description", "links"}


def is_words(value: Any) -> bool:
    return not (isinstance(value, dict) and "$ref" in value)
