"""Changes to the contract: one table for event schemas, one for the document, with the rules of the gate that must report each.

A row without rules must pass. `right` is the version that a finding must name as the right one.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from app.compatibility.released.schema_files import read_schema_files
from app.specification.contracts import load_contracts
from app.specification.openapi.bundle import bundle
from app.specification.openapi.source import read_source
from app.specification.version import Step, Version, parse_version
from tests.compatibility.released_contract import Edit, ReleasedContract, add, both, drop, move, put, rename
from tests.support.order_returned import add_order_returned

Mutate = Callable[[ReleasedContract], None]

ROOT = Path(__file__).parents[2]
CONTRACTS = load_contracts(ROOT / "contracts")
SOURCE = read_source(ROOT)
BEFORE = bundle(SOURCE, CONTRACTS)
NEWEST = {schema.event_type: schema.version for schema in read_schema_files(ROOT / "contracts")}
VERSION = parse_version(BEFORE["info"]["version"]) or pytest.fail("The document has no version.")
NONE, PATCH, MINOR, MAJOR = Step

STREAM = ("paths", "/events/orders", "get")
PUBLISH = ("paths", "/events/orders", "post")
LIST = ("paths", "/event-types", "get")
SOCKET = ("paths", "/events/orders/socket", "get")
RECEIVES, SENDS = (*SOCKET, "x-messages", "receives"), (*SOCKET, "x-messages", "sends")
PARAMETERS = ("components", "parameters")
SCHEMAS = ("components", "schemas")
PROMISES = ("x-promises",)
CANCELLED = {"orderId": "or_1", "when": "2024-05-01T10:00:00Z", "reason": "Paid twice"}


class Mutation(NamedTuple):
    """A change to the files of a contract, and the verdict of the gate."""

    mutate: Mutate
    rules: tuple[str, ...] = ()
    right: Version | None = None


class DocumentMutation(NamedTuple):
    """A change to the document, and the verdict of the gate."""

    edit: Edit
    rules: tuple[str, ...] = ()
    right: Version | None = None


def event(
    edit: Edit,
    *rules: str,
    of: str = "order.cancelled",
    step: Step = MINOR,
    right: Step = MAJOR,
    valid: object = None,
) -> Mutation:
    """Make a mutation that adds the next version of an event type, and moves the version of the document correctly."""

    def mutate(contract: ReleasedContract) -> None:
        contract.add_version(of, edit, step, valid=valid)
        contract.edit_document(both(without_examples, move(MINOR)))

    return Mutation(mutate, rules, NEWEST[of].next(right) if rules else None)


def without_examples(document: Any) -> None:
    """Remove the examples of events, because the edited schema may refuse them."""
    for place in ("/events/orders", "get", "responses", "200"), ("/events/orders", "post", "requestBody"):
        holder = document["paths"]
        for step in place:
            holder = holder[step]
        for media_type in holder["content"].values():
            media_type.pop("examples", None)
    for schema in document["components"]["schemas"].values():
        schema.pop("example", None)


def document(edit: Edit, *rules: str, step: Step = MINOR, version: str = "", right: Step = MAJOR) -> DocumentMutation:
    """Make a mutation that edits the document, and moves its version by a step or to the given one."""
    versioned = put("info", "version", value=version) if version else move(step)
    return DocumentMutation(both(edit, versioned), rules, VERSION.next(right) if rules else None)


def prop(name: str, *place: str, value: Any) -> Edit:
    return put("properties", name, *place, value=value)


def query(name: str, *, required: bool = False) -> dict[str, Any]:
    schema = {"type": "string", "maxLength": 10}
    return {"name": name, "in": "query", "required": required, "schema": schema, "example": "x"}


def everywhere(old: str, new: str) -> Edit:
    """Return an edit that replaces a text everywhere."""

    def edit(node: Any) -> None:
        text = json.dumps(node).replace(old, new)
        node.clear()
        node.update(json.loads(text))

    return edit


def new_event_type(step: Step) -> Mutate:
    def mutate(contract: ReleasedContract) -> None:
        add_order_returned(contract.copy)
        contract.edit_document(move(step))

    return mutate


def without_event_type(contract: ReleasedContract) -> None:
    shutil.rmtree(contract.copy.contracts / "order.cancelled")


def without_released_version(contract: ReleasedContract) -> None:
    before, _ = contract.add_version("order.cancelled", put("title", value="Gone"))
    shutil.rmtree(contract.schema("order.cancelled", before).parent)
    contract.edit_document(move(MINOR))


def edited_in_place(edit: Edit) -> Mutate:
    return lambda contract: contract.edit_schema("order.cancelled", str(NEWEST["order.cancelled"]), edit)


def reformatted_in_place(contract: ReleasedContract) -> None:
    path = contract.schema("order.cancelled", str(NEWEST["order.cancelled"]))
    path.write_text(path.read_text() + "\n")


NEW_PROBLEM = {
    "summary": "No",
    "value": {"type": "/problems/no", "title": "No", "status": 403, "detail": "No."},
}
ACK_REFERENCE = {"$ref": "#/components/schemas/Ack"}
ACK = {
    "type": "object",
    "required": ["type"],
    "properties": {"type": {"type": "string", "enum": ["ack"]}},
    "additionalProperties": False,
}
CARRIER = {"type": "string", "minLength": 1, "maxLength": 50}
LOST = {"reason": "ahead", "requested": "a", "earliest": "a"}
GAP = "stream.gap"
CLOSING = "stream.closing"

EVENTS: dict[str, Mutation] = {
    # May change within a major version
    "a new optional property": event(prop("carrier", value=CARRIER)),
    "a new optional property in a patch": event(
        prop("carrier", value=CARRIER), "property-added", step=PATCH, right=MINOR
    ),
    "text": event(
        both(put("title", value="Gone"), put("description", value="Gone."), put("$id", value="urn:x")), step=PATCH
    ),
    "an example of a property": event(prop("reason", "example", value="Paid twice"), step=PATCH),
    # Properties
    "an optional property removed": event(drop("properties", "reason"), "property-removed"),
    "a required property removed": event(
        both(drop("properties", "when"), put("required", value=["orderId"])), "property-removed", valid={"orderId": "a"}
    ),
    "a property renamed": event(rename("properties", "reason", to="why"), "property-removed"),
    "a new required property": event(
        both(prop("carrier", value=CARRIER), add("required", value="carrier")),
        "required-property-added",
        valid={**CANCELLED, "carrier": "DHL"},
    ),
    "an optional property required": event(add("required", value="reason"), "property-became-required"),
    "a required property optional": event(put("required", value=["orderId"]), "property-became-optional"),
    "a closed object opened": event(put("additionalProperties", value=True), "additional-properties-loosened"),
    # Values
    # The field of the .proto cannot have another type either, and the server does not start with two for one number.
    "another type": event(prop("reason", "type", value="integer"), "document-invalid", "type-changed"),
    "an enumeration where there was none": event(prop("reason", "enum", value=["Paid twice"]), "enum-tightened"),
    "a value removed": event(drop("properties", "reason", "enum", 1), "enum-value-removed", of=CLOSING),
    "a value added to a list that may grow": event(add("properties", "reason", "enum", value="expired"), of=CLOSING),
    "a value renamed": event(
        prop("reason", "enum", value=["drain", "limit", "done", "unavailable"]),
        "enum-value-removed",
        of=CLOSING,
    ),
    "a pattern tightened": event(
        prop("earliest", "pattern", value="^[0-9A-Za-z_-]{1,32}$"), "pattern-tightened", of=GAP
    ),
    "a pattern loosened": event(
        prop("earliest", "pattern", value="^[0-9A-Za-z_.-]{1,64}$"), "pattern-loosened", of=GAP
    ),
    "another pattern": event(
        prop("earliest", "pattern", value="^[a-z-]{1,80}$"), "pattern-changed", of=GAP, valid=LOST
    ),
    "a format dropped": event(drop("properties", "when", "format"), "format-loosened"),
    "another format": event(
        prop("when", "format", value="date"), "format-changed", valid={"orderId": "a", "when": "2024-05-01"}
    ),
    "a shorter text": event(prop("reason", "maxLength", value=400), "max-length-tightened"),
    "a longer text": event(prop("reason", "maxLength", value=600), "max-length-loosened"),
    "a greater least length": event(prop("reason", "minLength", value=2), "min-length-tightened"),
    "no least length": event(drop("properties", "reason", "minLength"), "min-length-loosened"),
    "a default": event(prop("reason", "default", value="none"), "default-changed"),
    # Released schemas never change
    "a released schema edited": Mutation(
        edited_in_place(drop("properties", "reason", "maxLength")),
        ("contracts-invalid", "max-length-loosened", "released-schema-changed"),
        VERSION.next(MAJOR),
    ),
    "a released schema reworded": Mutation(
        edited_in_place(put("title", value="Gone")),
        ("released-schema-changed", "version-not-moved"),
        VERSION.next(PATCH),
    ),
    "a released schema reformatted": Mutation(reformatted_in_place, ("released-schema-changed",)),
    "a released schema removed": Mutation(without_released_version, ("document-invalid", "released-schema-removed")),
    "a released event type removed": Mutation(without_event_type, ("document-invalid", "released-schema-removed")),
    # A new event type is an addition
    "a new event type": Mutation(new_event_type(MINOR)),
    "a new event type in a patch": Mutation(new_event_type(PATCH), ("version-not-moved",), VERSION.next(MINOR)),
}

DOCUMENTS: dict[str, DocumentMutation] = {
    # The version
    "nothing": document(lambda _: None, step=NONE),
    "the version alone": document(lambda _: None, step=MAJOR),
    "text and no version": document(
        put(*LIST, "summary", value="List them"), "version-not-moved", step=NONE, right=PATCH
    ),
    "text in a patch": document(put(*LIST, "summary", value="List them"), step=PATCH),
    "an addition in a patch": document(
        put(*LIST, "parameters", value=[query("page")]),
        "version-not-moved",
        step=PATCH,
        right=MINOR,
    ),
    "the version moved back": document(lambda _: None, "version-backwards", version="0.9.0", right=NONE),
    "a version that is not one": DocumentMutation(
        put("info", "version", value="1.0"), ("version-malformed",), Version(1, 0, 0)
    ),
    "a path removed in a major version": document(drop("paths", "/metrics"), step=MAJOR),
    # Paths and operations
    "a path removed": document(drop("paths", "/metrics"), "path-removed"),
    "a path renamed": document(rename("paths", "/metrics", to="/numbers"), "path-removed"),
    "a path added": document(
        lambda node: node["paths"].update(
            {"/numbers": {"get": {**node["paths"]["/metrics"]["get"], "operationId": "n"}}}
        )
    ),
    "an operation removed": document(drop(*LIST), "operation-removed"),
    "a method changed": document(rename(*LIST, to="put"), "operation-removed"),
    "an operation renamed": document(put(*LIST, "operationId", value="getEventTypes"), "operation-id-changed"),
    "an operation with another tag": document(put(*LIST, "tags", value=["Health"]), "tags-changed"),
    "an operation deprecated": document(put(*LIST, "deprecated", value=True)),
    "a server removed": document(put("servers", value=[{"url": "/v1"}]), "server-removed"),
    # Security
    "a key demanded": document(put(*LIST, "security", value=[{"bearer": []}]), "security-tightened"),
    "a key taken": document(put(*LIST, "security", value=[{}, {"bearer": []}])),
    # Parameters: more may be allowed, not less
    "a new optional parameter": document(put(*LIST, "parameters", value=[query("page")])),
    "a new required parameter": document(
        put(*LIST, "parameters", value=[query("page", required=True)]), "parameter-added"
    ),
    "a parameter removed": document(drop(*STREAM, "parameters", 8), "parameter-removed"),
    "a parameter renamed": document(put(*PARAMETERS, "wait", "name", value="waitSeconds"), "parameter-removed"),
    "a parameter moved to a header": document(put(*PARAMETERS, "since", "in", value="header"), "parameter-removed"),
    "an optional parameter required": document(put(*PARAMETERS, "since", "required", value=True), "required-tightened"),
    "a parameter's value removed": document(
        both(put(*PARAMETERS, "from", "example", value="latest"), drop(*SCHEMAS, "StartFrom", "enum", 1)),
        "enum-value-removed",
    ),
    "a parameter's value added": document(add(*SCHEMAS, "StartFrom", "enum", value="oldest")),
    "a parameter of another type": document(
        both(
            put(*PARAMETERS, "wait", "schema", value={"type": "string"}), put(*PARAMETERS, "wait", "example", value="1")
        ),
        "default-changed",
        "type-changed",
    ),
    "a parameter of a wider type": document(put(*PARAMETERS, "wait", "schema", "type", value="number")),
    "a parameter's pattern tightened": document(
        put(*PARAMETERS, "lastEventIdHeader", "schema", "pattern", value="^[0-9A-Za-z_-]{1,64}$"), "pattern-tightened"
    ),
    "a parameter's pattern loosened": document(
        put(*PARAMETERS, "lastEventIdHeader", "schema", "pattern", value="^[0-9A-Za-z_-]{0,128}$")
    ),
    "a parameter's bound tightened": document(
        put(*PARAMETERS, "wait", "schema", "maximum", value=20), "maximum-tightened"
    ),
    "a parameter's bound loosened": document(put(*PARAMETERS, "wait", "schema", "maximum", value=60)),
    "fewer ids in a parameter": document(put(*SCHEMAS, "OrderIdFilter", "maxItems", value=50), "max-items-tightened"),
    "another default": document(put(*SCHEMAS, "Follow", "default", value=False), "default-changed"),
    "lists in another style": document(put(*PARAMETERS, "orderId", "explode", value=False), "explode-changed"),
    "a smaller page": document(put(*PARAMETERS, "limit", "x-page-limit", "maximum", value=500), "maximum-tightened"),
    # Request bodies
    "a body no longer demanded": document(put(*PUBLISH, "requestBody", "required", value=False)),
    "a smaller body": document(
        put(*PUBLISH, "requestBody", "x-max-body-bytes", value=1024), "x-max-body-bytes-tightened"
    ),
    "a larger body": document(put(*PUBLISH, "requestBody", "x-max-body-bytes", value=2**24)),
    "a smaller batch": document(put(*SCHEMAS, "OrderEventBatch", "maxItems", value=500), "max-items-tightened"),
    "a request's new required property": document(
        both(
            put(*SCHEMAS, "OrderShippedEvent", "properties", "source", value=CARRIER),
            add(*SCHEMAS, "OrderShippedEvent", "required", value="eventId"),
            drop(*PUBLISH, "requestBody", "content", "application/json", "examples"),
        ),
        "property-became-required",
    ),
    # Responses: the server must go on sending everything that it promised, and nothing unexpected
    "a status removed": document(drop(*STREAM, "responses", "406"), "response-removed"),
    "a status changed": document(rename(*PUBLISH, "responses", "201", to="200"), "response-added", "response-removed"),
    "another error": document(put(*LIST, "responses", "429", value={"description": "Too many."})),
    "another success": document(put(*LIST, "responses", "202", value={"description": "Later."}), "response-added"),
    "a media type removed": document(
        drop(*STREAM, "responses", "200", "content", "application/json"), "media-type-removed"
    ),
    "a media type added": document(
        put(*LIST, "responses", "200", "content", "text/plain", value={"schema": {"type": "string"}})
    ),
    "a header removed": document(drop(*STREAM, "responses", "200", "headers", "X-Accel-Buffering"), "header-removed"),
    "a header no longer promised": document(
        put("components", "responses", "Unavailable", "headers", "Retry-After", "required", value=False),
        "required-loosened",
    ),
    "a link removed": document(drop(*PUBLISH, "responses", "201", "links", "itsSchema"), "link-removed"),
    "a response's property removed": document(drop(*SCHEMAS, "Problem", "properties", "instance"), "property-removed"),
    "a response's property no longer promised": document(
        put(*SCHEMAS, "EventPage", "required", value=["events"]), "property-became-optional"
    ),
    "a response's new property": document(put(*SCHEMAS, "EventType", "properties", "title", value=CARRIER)),
    "a response's value added": document(
        add(*SCHEMAS, "Liveness", "properties", "status", "enum", value="limping"), "enum-value-added"
    ),
    "a response's value added to a list that may grow": document(
        add(*SCHEMAS, "EventType", "properties", "kind", "enum", value="batch")
    ),
    "a response's list that no longer may grow": document(
        drop(*SCHEMAS, "EventType", "properties", "kind", "x-extensible")
    ),
    "a response's list that may grow from now on": document(
        put(*SCHEMAS, "Liveness", "properties", "status", "x-extensible", value=True), "x-extensible-loosened"
    ),
    "a response's value removed": document(
        drop(*SCHEMAS, "Problem", "properties", "reason", "enum", 2), "enum-value-removed"
    ),
    "a response's bound loosened": document(
        put(*SCHEMAS, "Violation", "properties", "message", "maxLength", value=400), "max-length-loosened"
    ),
    "a response's bound tightened": document(
        put(*SCHEMAS, "Violation", "properties", "message", "maxLength", value=180)
    ),
    "a type of both sides loosened": document(
        put(*SCHEMAS, "EventId", "pattern", value="^[0-9A-Za-z_.:/-]{1,128}$"), "pattern-loosened"
    ),
    "a type of both sides tightened": document(
        put(*SCHEMAS, "EventId", "pattern", value="^[0-9A-Za-z_.:-]{1,100}$"), "pattern-tightened"
    ),
    # Messages over WebSocket: as requests if clients send them, as responses if the server sends them
    "a client's message removed": document(drop(*RECEIVES, 3), "message-removed"),
    "a server's message removed": document(drop(*SENDS, 7), "message-removed"),
    "a new message of the client": document(both(put(*SCHEMAS, "Ack", value=ACK), add(*RECEIVES, value=ACK_REFERENCE))),
    "a new message of the server": document(both(put(*SCHEMAS, "Ack", value=ACK), add(*SENDS, value=ACK_REFERENCE))),
    "messages in another order": document(
        put(*RECEIVES, value=[*reversed(SOURCE["paths"]["/events/orders/socket"]["get"]["x-messages"]["receives"])]),
        step=PATCH,
    ),
    "a client's message of another type": document(
        put(*SCHEMAS, "PingMessage", "properties", "type", "enum", value=["pings"]), "enum-value-removed"
    ),
    "a client's property removed": document(drop(*SCHEMAS, "PingMessage", "properties", "request"), "property-removed"),
    "a client's property narrowed": document(
        put(*SCHEMAS, "SubscriptionNumber", "maximum", value=16), "maximum-tightened"
    ),
    "a client's property widened": document(put(*SCHEMAS, "SubscriptionNumber", "maximum", value=64)),
    "a client's property required": document(
        put(*SCHEMAS, "PingMessage", "required", value=["type", "request"]), "property-became-required"
    ),
    "a client's new property": document(put(*SCHEMAS, "PingMessage", "properties", "text", value=CARRIER)),
    "a server's property removed": document(drop(*SCHEMAS, "PongMessage", "properties", "request"), "property-removed"),
    "a server's property no longer promised": document(
        put(*SCHEMAS, "EventsMessage", "required", value=["type", "subscription", "events"]), "property-became-optional"
    ),
    "a server's property widened": document(put(*SCHEMAS, "OpenSubscription", "minimum", value=0), "minimum-loosened"),
    "a server's property narrowed": document(put(*SCHEMAS, "OpenSubscription", "maximum", value=1000)),
    "a server's new property": document(put(*SCHEMAS, "PongMessage", "properties", "text", value=CARRIER)),
    "a server's list opened": document(
        add(*SCHEMAS, "HeartbeatMessage", "properties", "type", "enum", value="beat"), "enum-value-added"
    ),
    "a server's message opened": document(
        put(*SCHEMAS, "PongMessage", "additionalProperties", value=True), "additional-properties-loosened"
    ),
    "smaller messages of the client": document(
        put(*SOCKET, "x-message-limits", "maxReceivedBytes", value=1024), "max-received-bytes-tightened"
    ),
    "larger messages of the client": document(put(*SOCKET, "x-message-limits", "maxReceivedBytes", value=2**20)),
    "fewer messages of the client": document(
        put(*SOCKET, "x-message-limits", "maxReceivedPerSecond", value=10), "max-received-per-second-tightened"
    ),
    "larger messages of the server": document(
        put(*SOCKET, "x-message-limits", "maxSentBytes", value=2**20), "max-sent-bytes-loosened"
    ),
    "smaller messages of the server": document(put(*SOCKET, "x-message-limits", "maxSentBytes", value=2**18)),
    "a close code after which clients stay away": document(
        put(*SOCKET, "x-close-codes", "4429", "reconnect", value=False), "reconnect-changed"
    ),
    "a new close code": document(
        put(*SOCKET, "x-close-codes", "4499", value={"description": "No.", "reconnect": False})
    ),
    "a close code less": document(drop(*SOCKET, "x-close-codes", "1013")),
    # Promises as data: none may become weaker
    "no promise of an order": document(put(*PROMISES, "order", value="none"), "order-loosened"),
    "no promise that events survive a restart": document(
        put(*PROMISES, "durability", value="memory"), "durability-loosened"
    ),
    "a promise in other words": document(put(*PROMISES, "delivery", value="mostEvents"), "delivery-changed"),
    "a promise less": document(drop(*PROMISES, "idempotence"), "idempotence-changed"),
    "no promises": document(drop(*PROMISES), "promises-removed"),
    "rarer heartbeats": document(put(*PROMISES, "heartbeatSeconds", value=20), "heartbeat-seconds-loosened"),
    "more frequent heartbeats": document(put(*PROMISES, "heartbeatSeconds", value=10)),
    "longer retry times": document(put(*PROMISES, "retryMilliseconds", "maximum", value=9000), "maximum-loosened"),
    "shorter retry times": document(put(*PROMISES, "retryMilliseconds", "minimum", value=0), "minimum-loosened"),
    "a narrower range of retry times": document(
        put(*PROMISES, "retryMilliseconds", value={"minimum": 2500, "maximum": 4000})
    ),
    # Names
    "a component renamed": document(
        both(rename(*SCHEMAS, "Position", to="Place"), everywhere("schemas/Position", "schemas/Place")),
        "component-removed",
    ),
    "a response component renamed": document(
        both(
            rename("components", "responses", "InternalError", to="Failed"),
            everywhere("responses/InternalError", "responses/Failed"),
        ),
        "component-removed",
    ),
    # Problems
    "a problem type removed": document(
        both(
            drop(*SCHEMAS, "Problem", "properties", "type", "enum", 4),
            drop("components", "examples", "notAcceptable"),
            put(*STREAM, "responses", "406", "content", "application/problem+json", "examples", value={}),
        ),
        "enum-value-removed",
        "problem-type-removed",
    ),
    "a problem type added": document(
        both(
            add(*SCHEMAS, "Problem", "properties", "type", "enum", value="/problems/no"),
            put("components", "examples", "no", value=NEW_PROBLEM),
        )
    ),
    "a problem with another status": document(
        put("components", "examples", "eventIdConflict", "value", "status", value=422), "problem-status-changed"
    ),
}


def mutated(mutation: DocumentMutation) -> dict[str, Any]:
    """Return the bundled document after a mutation."""
    source = deepcopy(SOURCE)
    mutation.edit(source)
    return bundle(source, CONTRACTS)
