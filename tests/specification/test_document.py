import json
import re
import shutil
import socket
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from connexion.spec import Specification
from openapi_spec_validator import OpenAPIV30SpecValidator

from app.specification.contracts import Contracts, load_contracts
from app.specification.document import OpenApiDocument, load_document
from app.specification.errors import InvalidContract
from app.specification.openapi.bundle import bundle, inline
from app.specification.openapi.source import read_source
from app.specification.schema.schema import compile_schema
from app.specification.strict_json import JsonValue

ROOT = Path(__file__).parents[2]
SHIPPED = {"orderId": "or_1", "when": "2024-05-01T10:00:00Z"}
STREAM = ("paths", "/events/orders", "get")
PUBLISH = ("paths", "/events/orders", "post")
SCHEMAS = ("components", "schemas")
MISSING = "(missing)"


@pytest.fixture(scope="module")
def document() -> OpenApiDocument:
    return load(ROOT)


@pytest.fixture
def source() -> dict[str, Any]:
    return parsed(shipped())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the contract, for a test to change."""
    for folder in ("openapi", "contracts"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def load(root: Path, problem_slugs: tuple[str, ...] = ()) -> OpenApiDocument:
    return load_document(root, load_contracts(root / "contracts"), problem_slugs)


def refusal(root: Path, problem_slugs: tuple[str, ...] = ()) -> str:
    with pytest.raises(InvalidContract) as refused:
        load(root, problem_slugs)
    message = str(refused.value)
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) < 600
    return message


def yaml_file(root: Path) -> Path:
    return root / "openapi" / "orders-events.yaml"


def replace(root: Path, *replacements: tuple[str, str]) -> None:
    text = yaml_file(root).read_text("utf-8")
    for old, new in replacements:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    yaml_file(root).write_text(text, "utf-8")


@cache
def shipped() -> str:
    """Return the document of the repository as JSON; it is read once, because YAML is slow."""
    return json.dumps(read_source(ROOT))


def parsed(text: str) -> dict[str, Any]:
    """Parse a document written by `put`, or else return the document of the repository."""
    document: dict[str, Any] = json.loads(text if text.startswith("{") else shipped())
    return document


def put(root: Path, place: tuple[str | int, ...], value: object) -> None:
    """Set a value in the document, or remove it."""
    document = parsed(yaml_file(root).read_text("utf-8"))
    holder: Any = document
    for key in place[:-1]:
        holder = holder[key]
    if value == MISSING:
        del holder[place[-1]]
    else:
        holder[place[-1]] = value
    yaml_file(root).write_text(json.dumps(document), "utf-8")


def add_version(root: Path, event_type: str, version: str) -> None:
    newest = max((root / "contracts" / event_type).iterdir())
    shutil.copytree(newest, root / "contracts" / event_type / version)


# The document of the repository


def test_bundle_equals_the_source_with_the_same_names(document: OpenApiDocument, source: dict[str, Any]) -> None:
    def compare(source: Any, bundled: Any) -> None:
        match source:
            case {"$ref": str(reference)} if not reference.startswith("#/"):
                schema = json.loads((ROOT / "openapi" / reference).read_text("utf-8"))
                assert bundled == {key: value for key, value in schema.items() if key not in {"$schema", "$id"}}
            case dict():
                assert list(source) == list(bundled)
                for key in source:
                    compare(source[key], bundled[key])
            case list():
                assert len(source) == len(bundled)
                for each, other in zip(source, bundled, strict=True):
                    compare(each, other)
            case _:
                assert source == bundled

    compare(source, document.bundled)


def test_bundle_refers_to_nothing_outside(document: OpenApiDocument) -> None:
    references = re.findall(r'"\$ref": "([^"]*)"', document.json.decode())

    assert references
    assert all(reference.startswith("#/components/") for reference in references)
    assert b"$id" not in document.json


def test_bundle_is_valid_openapi(document: OpenApiDocument) -> None:
    assert list(OpenAPIV30SpecValidator(document.bundled).iter_errors()) == []


def test_connexion_reads_the_bundle(document: OpenApiDocument) -> None:
    specification = Specification.load(deepcopy(document.bundled))

    assert specification.get_operation("/events/orders", "get")["operationId"] == "streamOrderEvents"


def test_served_texts_are_the_bundle(document: OpenApiDocument) -> None:
    assert json.loads(document.json) == document.bundled
    assert yaml.safe_load(document.yaml) == document.bundled


def test_served_yaml_is_readable(document: OpenApiDocument) -> None:
    text = document.yaml.decode()

    assert "description: |\n" in text
    assert "&id" not in text
    assert list(yaml.safe_load(text)) == ["openapi", "info", "x-promises", "servers", "tags", "paths", "components"]


def test_loading_opens_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        pytest.fail("Loading the document must not reach for the network.")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)

    load(ROOT)


def test_limits_come_from_the_document(root: Path) -> None:
    put(root, ("components", "parameters", "limit", "x-page-limit"), {"default": 7, "maximum": 70})
    put(root, (*PUBLISH, "requestBody", "x-max-body-bytes"), 700)
    put(root, (*SCHEMAS, "OrderEventBatch", "maxItems"), 77)

    document = load(root)

    assert (document.page_limit_default, document.page_limit_maximum) == (7, 70)
    assert document.max_body_bytes == 700
    assert document.batch_maximum == 77


def test_problems_come_from_the_document(root: Path) -> None:
    put(root, ("components", "examples", "unavailable", "value", "title"), "Come back later")

    problems = load(root).problems

    assert problems["unavailable"] == ("/problems/unavailable", "Come back later", 503)
    assert problems["invalid-parameter"].status == 400


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/events/orders", ("GET", "HEAD", "POST")),
        ("/event-types", ("GET", "HEAD")),
        ("/event-types/order.shipped/1.0.0", ("GET", "HEAD")),
        ("/event-types/order.shipped", ()),
        ("/openapi.json", ("GET", "HEAD")),
        ("/openapi-json", ()),
        ("/", ()),
    ],
)
def test_allowed_methods_belong_to_the_path_template(
    document: OpenApiDocument, path: str, methods: tuple[str, ...]
) -> None:
    assert document.allowed_methods(path) == methods


@pytest.mark.parametrize(
    ("event", "valid"),
    [
        ({"eventType": "order.shipped", "data": SHIPPED}, True),
        ({"eventType": "order.shipped", "data": SHIPPED, "eventId": "a:b.c-d_e", "schemaVersion": "1.0.0"}, True),
        # The contract of the version checks the data.
        ({"eventType": "order.shipped", "data": {"anything": 1}}, True),
        ({"eventType": "order.cancelled", "data": SHIPPED}, False),
        ({"eventType": "order.shipped", "data": "text"}, False),
        ({"eventType": "order.shipped"}, False),
        ({"data": SHIPPED}, False),
        ({"eventType": "order.shipped", "data": SHIPPED, "eventId": ""}, False),
        ({"eventType": "order.shipped", "data": SHIPPED, "eventId": "x" * 129}, False),
        ({"eventType": "order.shipped", "data": SHIPPED, "eventId": "two\nlines"}, False),
        ({"eventType": "order.shipped", "data": SHIPPED, "schemaVersion": "1.0"}, False),
        ({"eventType": "order.shipped", "data": SHIPPED, "schemaVersion": "01.0.0"}, False),
        ({"eventType": "order.shipped", "data": SHIPPED, "id": "1"}, False),
        ([], False),
    ],
)
def test_envelope_accepts_events_of_its_type(document: OpenApiDocument, event: Any, valid: bool) -> None:
    envelope = compile_schema(document.envelopes["order.shipped"], "The envelope")

    _, violations = envelope.violations(event, 1)

    assert (violations == 0) is valid


def test_envelopes_are_self_contained(document: OpenApiDocument) -> None:
    assert set(document.envelopes) == {"order.shipped", "order.cancelled"}
    assert "$ref" not in json.dumps(document.envelopes)


# A new event type


def add_order_returned(root: Path) -> None:
    """Add an event type as the comments in the document ask, by editing its text."""
    contract = root / "contracts" / "order.returned" / "1.0.0"
    shutil.copytree(root / "contracts" / "order.shipped" / "1.0.0", contract)
    schema = (contract / "schema.json").read_text("utf-8")
    (contract / "schema.json").write_text(schema.replace("order.shipped", "order.returned"), "utf-8")

    text = yaml_file(root).read_text("utf-8")
    start, end = text.index("    # order.cancelled\n"), text.index("    # A new event type (4 of 5)")
    components = text[start:end].replace("Cancelled", "Returned").replace("cancelled", "returned")
    components = components.replace("/1.1.0/", "/1.0.0/").replace("[1.0.0, 1.1.0]", "[1.0.0]")
    alternative = "        - $ref: '#/components/schemas/OrderCancelled{}'\n"
    mapped = "          order.cancelled: '#/components/schemas/OrderCancelled{}'\n"
    replace(
        root,
        ("        # A new event type (1 of 5): its name.\n", "        - order.returned\n"),
        *(
            (
                line.format(kind),
                (line + line.replace("Cancelled", "Returned").replace("cancelled", "returned")).format(kind, kind),
            )
            for kind in ("Event", "Frame")
            for line in (alternative, mapped)
        ),
        (text[start:end], text[start:end] + components),
    )


def test_new_event_type_takes_a_folder_and_its_name_in_the_document(root: Path) -> None:
    add_order_returned(root)

    document = load(root)

    schemas = document.bundled["components"]["schemas"]
    assert schemas["OrderEventType"]["enum"] == ["order.shipped", "order.cancelled", "order.returned"]
    assert schemas["OrderReturnedV1"]["properties"]["orderId"]["type"] == "string"
    envelope = compile_schema(document.envelopes["order.returned"], "The envelope")
    event: JsonValue = {"eventType": "order.returned", "data": {**SHIPPED}}
    assert envelope.violations(event, 1) == ([], 0)
    Specification.load(deepcopy(document.bundled))


def test_new_minor_version_takes_a_folder_a_reference_and_its_name(root: Path) -> None:
    add_version(root, "order.shipped", "1.3.0")
    versions = (*SCHEMAS, "OrderShippedEvent", "properties", "schemaVersion", "enum")
    put(root, versions, ["1.0.0", "1.1.0", "1.2.0", "1.3.0"])
    put(root, (*SCHEMAS, "OrderShippedV1", "$ref"), "../contracts/order.shipped/1.3.0/schema.json")

    assert "order.shipped" in load(root).envelopes


def test_document_may_be_json(root: Path, document: OpenApiDocument) -> None:
    yaml_file(root).write_text(shipped(), "utf-8")

    assert load(root).bundled == document.bundled


# Reading the source


def test_document_may_be_nested_as_deep_as_is_said(tmp_path: Path) -> None:
    (tmp_path / "openapi").mkdir()
    yaml_file(tmp_path).write_text("a: " + "[" * 99 + "]" * 99, "utf-8")

    assert read_source(tmp_path) == {"a": json.loads("[" * 99 + "]" * 99)}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("2024-05-01", "2024-05-01"),
        ("2024-05-01T10:00:00Z", "2024-05-01T10:00:00Z"),
        ("1:30", "1:30"),
        ("010", "010"),
        ("1.0.0", "1.0.0"),
        ("'1'", "1"),
        ("1", 1),
        ("-1.5e3", -1500.0),
        ("true", True),
        ("null", None),
        ("", None),
    ],
)
def test_plain_values_are_read_as_json_values(tmp_path: Path, text: str, value: object) -> None:
    (tmp_path / "openapi").mkdir()
    yaml_file(tmp_path).write_text(f"key: {text}\n", "utf-8")

    assert read_source(tmp_path) == {"key": value}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is not a mapping"),
        (b"- openapi\n", "is not a mapping"),
        (b"openapi: [\n", "orders-events.yaml:2: "),
        (b"info:\n  title: a\n  title: b\n", "orders-events.yaml:3: the key 'title' is given twice"),
        (b"responses:\n  200: ok\n", "orders-events.yaml:2: the key '200' must be a string: put it in quotes"),
        (b"a: !!set {b}\n", "holds a value that JSON cannot hold"),
        (b"a: !!float .nan\n", "holds a value that JSON cannot hold"),
        (b"a: !!python/name:os.system\n", "could not determine a constructor"),
        (b"a: \xff\n", "is not text in UTF-8"),
        (b"a: \x00\n", "is not text in UTF-8"),
        (
            b"a: 1\nb: " + b"[" * 100 + b"]" * 100,
            "orders-events.yaml:2: the document is nested deeper than 100 levels.",
        ),
        (b"a: " + b"[" * 5_000 + b"]" * 5_000, "is nested deeper than 100 levels"),
        (b"a: " + b"[" * 100_000, "is nested deeper than 100 levels"),
        (b"a: " + b"{a: " * 100_000, "is nested deeper than 100 levels"),
        (
            b"a: &a " + b"[" * 60 + b"]" * 60 + b"\nb: " + b"[" * 60 + b"*a" + b"]" * 60,
            "orders-events.yaml: the document is nested deeper than 100 levels by its aliases.",
        ),
        (b"a: &a [*a]", "is nested deeper than 100 levels by its aliases"),
    ],
)
def test_unreadable_document_stops_the_start(root: Path, content: bytes, reason: str) -> None:
    yaml_file(root).write_bytes(content)

    assert reason in refusal(root)


def test_absent_document_stops_the_start(root: Path) -> None:
    yaml_file(root).unlink()

    assert refusal(root) == f"{yaml_file(root)} cannot be read: No such file or directory."


# Startup checks


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        pytest.param(("openapi",), "3.1.0", "openapi: the version must be 3.0.x, not '3.1.0'", id="version 3.1"),
        pytest.param(("openapi",), MISSING, "openapi: the version must be 3.0.x, not None", id="no version"),
        pytest.param(("info", "title"), MISSING, "info: 'title' is a required property", id="no title"),
        pytest.param(("paths",), MISSING, "'paths' is a required property", id="no paths"),
        pytest.param((*STREAM, "responses"), MISSING, "paths./events/orders.get: 'responses'", id="no responses"),
        pytest.param((*SCHEMAS, "EventId", "const"), "a", "components.schemas.EventId: ", id="a keyword of 2020-12 alone"),
        pytest.param((*SCHEMAS, "EventId", "type"), ["string"], "components.schemas.EventId", id="a list of types"),
        pytest.param((*SCHEMAS, "EventId", "nullable"), True, "'nullable' is outside the dialect", id="a keyword of 3.0 alone"),
        pytest.param((*STREAM, "operationId"), MISSING, "paths./events/orders.get: the operation has no operationId", id="no id"),
        pytest.param((*STREAM, "operationId"), "getMetrics", "'getMetrics'", id="an operationId twice"),
        pytest.param((*PUBLISH, "operationId"), "publish", "there is no operation 'publishOrderEvents'", id="no publish"),
        pytest.param((*STREAM, "security"), MISSING, "paths./events/orders.get: the operation has no security", id="no security"),
    ],
)  # fmt: skip
def test_invalid_openapi_stops_the_start(root: Path, place: tuple[str, ...], value: object, reason: str) -> None:
    put(root, place, value)

    assert reason in refusal(root)


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("#/components/schemas/Nowhere", "leads nowhere"),
        ("#/components/schemas/EventTypes/properties/eventTypes/items/0", "leads nowhere"),
        ("#/components/schemas/PageEvent", "leads back to itself"),
        ("../contracts/order.shipped/9.0.0/schema.json", "leads to no contract"),
        ("../contracts/order.lost/1.0.0/schema.json", "leads to no contract"),
        ("../contracts/order.shipped/1.0.0/schema.json#/properties/when", "is not one of"),
        ("../contracts/order.shipped/1.0.0/../1.0.0/schema.json", "is not one of"),
        ("../../../etc/passwd", "is not one of"),
        ("file:///etc/passwd", "is not one of"),
        ("https://example.com/schema.json", "is not one of"),
        ("", "is not one of"),
    ],
)
def test_reference_that_cannot_be_followed_stops_the_start(root: Path, reference: str, reason: str) -> None:
    put(root, (*SCHEMAS, "PageEvent", "properties", "data"), {"$ref": reference})

    message = refusal(root)

    assert f"components.schemas.PageEvent.properties.data: the reference {reference!r} {reason}" in message


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        pytest.param(
            (*SCHEMAS, "OrderEventType", "enum"),
            ["order.shipped"],
            "'order.cancelled' stands in contracts/, but not in components.schemas.OrderEventType.enum.",
            id="a type is not in the enum",
        ),
        pytest.param(
            (*SCHEMAS, "OrderEventType", "enum"),
            ["order.shipped", "order.cancelled", "stream.gap"],
            "'stream.gap' stands in components.schemas.OrderEventType.enum, but not in contracts/, ",
            id="a control event is in the enum",
        ),
        pytest.param(
            (*SCHEMAS, "OrderEvent", "discriminator", "mapping", "order.cancelled"),
            MISSING,
            "'#/components/schemas/OrderCancelledEvent' stands in only one of oneOf and discriminator.mapping.",
            id="an event is in oneOf alone",
        ),
        pytest.param(
            (*SCHEMAS, "OrderEventStreamFrame", "oneOf"),
            [],
            "components.schemas: the schema is wrong at /properties/OrderEventStreamFrame/oneOf",
            id="frames are in the mapping alone",
        ),
        pytest.param(
            (*SCHEMAS, "OrderCancelledFrame", "properties", "event", "enum"),
            ["order.shipped"],
            "OrderCancelledFrame.properties.event.enum: this must be 'order.cancelled' alone",
            id="a frame names another type",
        ),
        pytest.param(
            (*SCHEMAS, "OrderCancelledEvent", "properties", "eventType", "enum"),
            ["order.cancelled", "order.shipped"],
            "OrderCancelledEvent.properties.eventType.enum: this must be 'order.cancelled' alone",
            id="an event names two types",
        ),
        pytest.param(
            (*SCHEMAS, "OrderCancelledFrame", "properties", "data", "$ref"),
            "#/components/schemas/OrderShippedV1",
            "OrderShippedV1: this must refer to a contract of 'order.cancelled', as components.schemas.OrderCancelledFrame",
            id="a frame has the data of another type",
        ),
        pytest.param(
            (*SCHEMAS, "OrderCancelledEvent", "properties", "data"),
            {"type": "object"},
            "OrderCancelledEvent.properties.data.$ref: is missing",
            id="an event has data without a contract",
        ),
        pytest.param(
            (*SCHEMAS, "OrderShippedV1"),
            {"type": "object"},
            "components.schemas.OrderShippedV1.$ref: is missing",
            id="a schema is written into the document",
        ),
        pytest.param(
            ("components", "schemas", "MajorVersion", "enum"),
            [1, 2],
            "MajorVersion.enum: the major versions of the contracts are [1]",
            id="a major version that no contract has",
        ),
    ],
)
def test_document_that_disagrees_with_the_contracts_stops_the_start(
    root: Path, place: tuple[str, ...], value: object, reason: str
) -> None:
    put(root, place, value)

    assert reason in refusal(root)


def test_contract_that_the_document_does_not_name_stops_the_start(root: Path) -> None:
    shutil.copytree(root / "contracts" / "order.shipped", root / "contracts" / "order.returned")

    message = refusal(root)

    unions = "components.schemas.OrderEvent, components.schemas.OrderEventStreamFrame"
    missing = f"components.schemas.OrderEventType.enum, {unions}"
    assert message.endswith(f"the event type 'order.returned' stands in contracts/, but not in {missing}.")


@pytest.mark.parametrize("control_type", ["stream.checkpoint", "stream.gap", "stream.closing"])
def test_missing_control_frame_stops_the_start(root: Path, source: dict[str, Any], control_type: str) -> None:
    frames = source["components"]["schemas"]["OrderEventStreamFrame"]
    reference = frames["discriminator"]["mapping"].pop(control_type)
    frames["oneOf"].remove({"$ref": reference})
    yaml_file(root).write_text(json.dumps(source), "utf-8")

    assert f"the frame of the control event {control_type!r} is missing" in refusal(root)


def test_frame_of_an_older_minor_version_stops_the_start(root: Path) -> None:
    add_version(root, "order.shipped", "1.9.0")
    add_version(root, "order.shipped", "1.10.0")

    message = (
        "components.schemas.OrderShippedV1: this must refer to the newest version of 'order.shipped', which is 1.10.0."
    )
    assert message in refusal(root)


JSON = ("content", "application/json")
FRAMES = (*STREAM, "responses", "200", "content", "text/event-stream", "examples")
PAGES = (*STREAM, "responses", "200", *JSON, "examples")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("components", "parameters", "limit", "example"), 0),
        (("components", "parameters", "since", "example"), "yesterday"),
        (("components", "parameters", "lastEventIdHeader", "example"), "two\nlines"),
        (("components", "parameters", "eventTypes", "examples", "one", "value"), ["stream.gap"]),
        (("components", "responses", "Unavailable", "headers", "Retry-After", "example"), 0),
        (("components", "examples", "positionLost", "value", "reason"), "deleted"),
        ((*FRAMES, "orderShipped", "value", "event"), "order.lost"),
        ((*FRAMES, "orderShipped", "value", "data", "when"), "2024-05-01"),
        ((*FRAMES, "streamGap", "value", "id"), MISSING),
        ((*FRAMES, "streamClosing", "value", "data"), {"reason": "tired"}),
        ((*PAGES, "page", "value", "lastEventId"), MISSING),
        ((*PUBLISH, "requestBody", *JSON, "examples", "batch", "value", 1, "data"), {}),
        ((*PUBLISH, "requestBody", *JSON, "examples", "batch", "value"), []),
        ((*PUBLISH, "responses", "201", *JSON, "examples", "stored", "value", "events", 0, "duplicate"), "no"),
        (("paths", "/health/live", "get", "responses", "200", *JSON, "example"), {"status": "ready"}),
        (("components", "schemas", "StartFrom", "default"), "newest"),
        ((*SCHEMAS, "Position", "example"), ""),
        ((*SCHEMAS, "EventTypeVersion", "properties", "schema", "example"), 1),
    ],
    ids=str,
)
def test_example_or_default_that_its_schema_refuses_stops_the_start(
    root: Path, place: tuple[str | int, ...], value: object
) -> None:
    put(root, place, value)

    message = refusal(root)

    assert "breaks" in message


def test_closing_frame_may_repeat_the_last_id(root: Path) -> None:
    put(root, (*FRAMES, "streamClosing", "value", "id"), "k7f3q2xw-1043")

    load(root)


@pytest.mark.parametrize(
    ("example", "reason"),
    [
        ({"value": {"type": "/problems/sad"}}, "components.examples.later: the problem breaks the schema Problem: "),
        ({"summary": "Nothing"}, "components.examples.later.value: is missing"),
        (None, "components.examples.later: "),
    ],
)
def test_invalid_problem_stops_the_start(root: Path, example: object, reason: str) -> None:
    put(root, ("components", "examples", "later"), example)

    assert reason in refusal(root)


def test_problem_that_is_defined_twice_stops_the_start(root: Path, source: dict[str, Any]) -> None:
    put(root, ("components", "examples", "later"), source["components"]["examples"]["unavailable"])

    assert "components.examples.later: the problem 'unavailable' is defined twice." in refusal(root)


def test_missing_problem_stops_the_start(root: Path) -> None:
    message = (
        "openapi/orders-events.yaml: components.examples: the problem 'teapot' is missing; "
        "take its example, and its type in the schema Problem, from a contract that `orders-events init` writes."
    )
    assert refusal(root, ("unavailable", "teapot")) == message


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("components", "parameters", "limit", "x-page-limit", "default"), MISSING),
        (("components", "parameters", "limit", "x-page-limit", "maximum"), "1000"),
        ((*PUBLISH, "requestBody", "x-max-body-bytes"), 0),
        ((*PUBLISH, "requestBody", "x-max-body-bytes"), 1.5),
        ((*PUBLISH, "requestBody", "x-max-body-bytes"), True),
        ((*SCHEMAS, "OrderEventBatch", "maxItems"), MISSING),
    ],
)
def test_limit_that_is_not_a_number_stops_the_start(root: Path, place: tuple[str, ...], value: object) -> None:
    put(root, place, value)

    assert place[-1] in refusal(root)


# References


@pytest.fixture(scope="module")
def contracts() -> Contracts:
    return load_contracts(ROOT / "contracts")


def test_bundling_leaves_the_source_and_the_contracts_as_they_are(contracts: Contracts, source: dict[str, Any]) -> None:
    before = deepcopy(source)

    bundled = bundle(source, contracts)
    bundled["components"]["schemas"]["OrderShippedV1"]["properties"].clear()

    assert source == before
    assert contracts.get("order.shipped", "1.0.0").schema["properties"]


def test_inlining_follows_references_through_references() -> None:
    document = {"a": {"$ref": "#/b/c~1d"}, "b": {"c/d": {"$ref": "#/e"}}, "e": [1]}

    assert inline(document) == {"a": [1], "b": {"c/d": [1]}, "e": [1]}


def every_reference(node: Any) -> Iterator[str]:
    match node:
        case {"$ref": str(reference)}:
            yield reference
        case dict():
            for value in node.values():
                yield from every_reference(value)
        case list():
            for value in node:
                yield from every_reference(value)


def test_inlining_leaves_no_reference(document: OpenApiDocument) -> None:
    assert list(every_reference(inline(document.bundled))) == []
