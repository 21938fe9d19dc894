"""The quality of the OpenAPI document, beyond the checks at the start of the server."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from httpx_sse import EventSource

from app.specification.contracts import load_contracts
from app.specification.document import load_document
from app.specification.openapi.bundle import inline
from app.specification.openapi.schemas import examples
from app.specification.openapi.structure import Operation, operations
from app.specification.schema.schema import compile_schema

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "openapi" / "orders-events.yaml").read_text("utf-8")
CONTRACTS = load_contracts(ROOT / "contracts")
DOCUMENT = load_document(ROOT, CONTRACTS)
INLINED = inline(DOCUMENT.bundled)
OPERATIONS = list(operations(INLINED))
PROBLEM = "application/problem+json"
LARGEST_CHARACTER_BYTES = 12  # a character beyond the Basic Multilingual Plane, escaped as \ud83d\ude00

each_operation = pytest.mark.parametrize(
    "operation", OPERATIONS, ids=lambda operation: operation.content["operationId"]
)


def every_node(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from every_node(value)


def find_operation(operation_id: str) -> dict[str, Any]:
    return next(dict(each.content) for each in OPERATIONS if each.content["operationId"] == operation_id)


def parameters() -> Iterator[dict[str, Any]]:
    for operation in OPERATIONS:
        yield from operation.content.get("parameters", ())


def contents(operation: Operation) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the bodies of an operation: the status, or "request", and the Media Type Object."""
    for media_type in operation.content.get("requestBody", {}).get("content", {}).values():
        yield "request", media_type
    for status, response in operation.content["responses"].items():
        for media_type in response.get("content", {}).values():
            yield status, media_type


def test_operations_are_those_that_are_promised() -> None:
    assert {(each.method, each.path, each.content["operationId"]) for each in OPERATIONS} == {
        ("get", "/events/orders", "streamOrderEvents"),
        ("post", "/events/orders", "publishOrderEvents"),
        ("get", "/events/orders/page", "listOrderEvents"),
        ("get", "/events/orders/counts", "countOrderEvents"),
        ("get", "/events/orders/socket", "openOrderEventsSocket"),
        ("get", "/event-types", "listEventTypes"),
        ("get", "/event-types/{eventType}/{version}", "getEventSchema"),
        ("get", "/health/live", "getLiveness"),
        ("get", "/health/ready", "getReadiness"),
        ("get", "/metrics", "getMetrics"),
        ("post", "/session", "createSession"),
        ("delete", "/session", "deleteSession"),
        ("get", "/.well-known/oauth-protected-resource", "getProtectedResourceMetadata"),
        ("get", "/openapi.json", "getOpenApiJson"),
        ("get", "/openapi.yaml", "getOpenApiYaml"),
        ("get", "/openapi-3.2.json", "getOpenApi32Json"),
        ("get", "/openapi-clients.json", "getOpenApiClientsJson"),
        ("get", "/asyncapi.json", "getAsyncApiJson"),
        ("get", "/orders-events.proto", "getProto"),
    }


def test_a_page_has_one_limit() -> None:
    limit, page_limit = (DOCUMENT.bundled["components"]["parameters"][name] for name in ("limit", "pageLimit"))
    assert limit["x-page-limit"] == {name: page_limit["schema"][name] for name in ("default", "maximum")}


def test_nothing_in_the_document_looks_like_a_template() -> None:
    for marker in ("{{", "{%", "{#"):
        assert marker not in TEXT


def test_nothing_in_the_document_names_python() -> None:
    assert "x-openapi-router-controller" not in TEXT
    assert not re.search(r"\bapp\.|\.py\b", TEXT)


def test_references_have_no_siblings() -> None:
    for node in every_node(DOCUMENT.bundled):
        if "$ref" in node:
            assert list(node) == ["$ref"]


def test_every_component_is_used() -> None:
    used = {node["$ref"] for node in every_node(DOCUMENT.bundled) if "$ref" in node}
    demands = [demand for each in OPERATIONS for demand in each.content["security"]]
    used |= {f"#/components/securitySchemes/{scheme}" for demand in demands for scheme in demand}
    for kind, components in DOCUMENT.bundled["components"].items():
        for name in components:
            assert f"#/components/{kind}/{name}" in used


@each_operation
def test_operation_has_summary_and_description(operation: Operation) -> None:
    declared = {tag["name"] for tag in DOCUMENT.bundled["tags"]}

    assert len(operation.content["tags"]) == 1
    assert operation.content["tags"][0] in declared
    assert re.fullmatch(r"[a-z][A-Za-z0-9]+", operation.content["operationId"])
    assert len(operation.content["summary"]) <= 80
    assert operation.content["description"].rstrip().endswith(".")


@each_operation
def test_operation_names_the_problems_that_every_operation_has(operation: Operation) -> None:
    assert operation.content["responses"].keys() >= {"400", "405", "500"}
    assert "Allow" in operation.content["responses"]["405"]["headers"]


@each_operation
def test_operation_has_an_answer_to_a_request_without_fault(operation: Operation) -> None:
    first = min(operation.content["responses"])
    assert first == "101" if operation.content["operationId"] == "openOrderEventsSocket" else first[0] == "2"


@each_operation
def test_operation_shows_an_example_of_every_body(operation: Operation) -> None:
    for status, media_type in contents(operation):
        assert "schema" in media_type, status
        assert "example" in media_type or media_type["examples"], status


@each_operation
def test_operation_shows_problems_of_the_status_that_they_come_with(operation: Operation) -> None:
    for status, response in operation.content["responses"].items():
        bodies = response.get("content", {})
        assert (PROBLEM in bodies) is (int(status) >= 400)
        for example in bodies.get(PROBLEM, {}).get("examples", {}).values():
            assert example["value"]["status"] == int(status)


def test_parameters_are_described_and_shown() -> None:
    for parameter in parameters():
        assert parameter["description"].rstrip().endswith("."), parameter["name"]
        assert "example" in parameter or parameter["examples"], parameter["name"]


def test_parameters_and_headers_are_bounded() -> None:
    headers = (header for node in every_node(INLINED) for header in node.get("headers", {}).values())
    for schema in [*(parameter["schema"] for parameter in parameters()), *(header["schema"] for header in headers)]:
        assert is_bounded(schema), schema


def is_bounded(schema: dict[str, Any]) -> bool:
    match schema["type"]:
        case "array":
            return "maxItems" in schema and is_bounded(schema["items"])
        case "integer":
            return "enum" in schema or {"minimum", "maximum"} <= schema.keys()
        case "string":
            return not {"enum", "maxLength", "pattern"}.isdisjoint(schema)
        case kind:
            return bool(kind == "boolean")


def test_objects_are_closed_unless_declared_open() -> None:
    for schema in DOCUMENT.bundled["components"]["schemas"].values():
        if "properties" in schema:
            assert "additionalProperties" in schema


# Problems


def test_every_problem_is_listed_and_answered() -> None:
    problems = DOCUMENT.bundled["components"]["examples"]
    types = [problem["value"]["type"] for problem in problems.values()]

    assert types == DOCUMENT.bundled["components"]["schemas"]["Problem"]["properties"]["type"]["enum"]


def test_problems_are_named_by_their_type() -> None:
    for name, problem in DOCUMENT.bundled["components"]["examples"].items():
        kebab = re.sub(r"[A-Z]", lambda capital: f"-{capital[0].lower()}", name)
        assert problem["value"]["type"] == f"/problems/{kebab}"


# The stream


def stream_text() -> str:
    description: str = find_operation("streamOrderEvents")["description"]
    return description.split("```")[1].removeprefix("\n")


def test_every_frame_type_has_an_example() -> None:
    frames = find_operation("streamOrderEvents")["responses"]["200"]["content"]["text/event-stream"]
    shown = {example["value"]["event"] for example in frames["examples"].values()}

    assert shown == set(frames["schema"]["discriminator"]["mapping"])


def test_stream_in_the_description_fits_its_schema() -> None:
    frame = compile_schema(INLINED["components"]["schemas"]["OrderEventStreamFrame"], "A frame")
    response = httpx.Response(200, headers={"Content-Type": "text/event-stream"}, text=f"{stream_text()}\n")

    events = list(EventSource(response).iter_sse())

    assert [event.event for event in events] == [
        "stream.checkpoint",
        "order.shipped",
        "order.cancelled",
        "stream.closing",
    ]
    for event in events:
        assert frame.violations({"id": event.id, "event": event.event, "data": event.json()}, 1) == ([], 0)


def test_stream_in_the_description_shows_the_examples() -> None:
    frames = find_operation("streamOrderEvents")["responses"]["200"]["content"]["text/event-stream"]["examples"]
    response = httpx.Response(200, headers={"Content-Type": "text/event-stream"}, text=f"{stream_text()}\n")

    for event in EventSource(response).iter_sse():
        assert event.json() in [example["value"]["data"] for example in frames.values()]


# Numbers


def test_largest_body_holds_the_largest_batch() -> None:
    assert DOCUMENT.max_body_bytes >= DOCUMENT.batch_maximum * (max(map(largest_event, DOCUMENT.envelopes)) + 1) + 2


def largest_event(event_type: str) -> int:
    """Return the size in bytes of the largest event of a type, as compact JSON in ASCII."""
    newest = CONTRACTS.get(event_type, CONTRACTS.versions(event_type)[-1])
    envelope = DOCUMENT.envelopes[event_type]
    return largest({**envelope, "properties": {**envelope["properties"], "data": newest.schema}})


def largest(schema: dict[str, Any]) -> int:
    match schema:
        case {"enum": [*values]}:
            return max(len(str(value)) for value in values) + 2
        case {"type": "object", "additionalProperties": False}:
            return 2 + sum(len(name) + 4 + largest(part) for name, part in schema.get("properties", {}).items())
        case {"type": "string", "maxLength": maximum}:
            # Our patterns and formats admit ASCII only.
            is_ascii = "pattern" in schema or "format" in schema
            return 2 + int(maximum) * (1 if is_ascii else LARGEST_CHARACTER_BYTES)
        case {"type": "string", "pattern": pattern} if bound := re.search(r",([0-9]+)\}\$\Z", pattern):
            return 2 + int(bound[1])
        case _:
            pytest.fail(f"Nothing bounds the length of {schema}.")


def test_numbers_in_descriptions_equal_those_in_the_schemas() -> None:
    stream, publish = find_operation("streamOrderEvents"), find_operation("publishOrderEvents")
    limit = DOCUMENT.bundled["components"]["parameters"]["limit"]["description"]
    batch = f"{DOCUMENT.batch_maximum:,}"
    body = f"{DOCUMENT.max_body_bytes // 2**20} MiB"

    assert f"an array of 1 to {batch}" in publish["description"]
    assert body in publish["requestBody"]["description"]
    assert body in publish["responses"]["413"]["description"]
    assert f"more than {batch}" in publish["responses"]["422"]["description"]
    assert (
        f"{DOCUMENT.page_limit_default} by default, and at most {DOCUMENT.page_limit_maximum:,}"
        in stream["description"]
    )
    assert f"the default is {DOCUMENT.page_limit_default}, and more than {DOCUMENT.page_limit_maximum:,}" in limit
    assert (
        DOCUMENT.page_limit_maximum == INLINED["components"]["schemas"]["EventPage"]["properties"]["events"]["maxItems"]
    )


def test_examples_are_found() -> None:
    assert len(list(examples(INLINED))) > 80


# The forms of values


def test_lists_in_addresses_are_written_as_explode_declares() -> None:
    parameters = INLINED["components"]["parameters"].values()
    lists = [each for each in parameters if each["schema"].get("type") == "array"]
    assert {(each["style"], each["explode"]) for each in lists} == {("form", True)}
    names = "|".join(each["name"] for each in lists)
    texts = [ROOT / "openapi" / "orders-events.yaml", *ROOT.glob("*.md"), *(ROOT / "app").rglob("*.md")]
    addresses = [
        found for path in texts for found in re.findall(rf"[?&](?:{names})=[^&\s'\"`]*", path.read_text("utf-8"))
    ]
    assert addresses
    assert [address for address in addresses if "," in address] == []


def test_descriptions_name_the_forms_of_a_date_time_that_are_refused() -> None:
    publish = find_operation("publishOrderEvents")["description"]
    since = DOCUMENT.bundled["components"]["parameters"]["since"]["description"]
    for text in (publish, since, (ROOT / "contracts" / "README.md").read_text("utf-8")):
        assert "upper-case `T` and `Z`" in text
        assert "no leap second" in text
