"""Derive the gRPC service `OrderEvents` from the contract: its messages, and one for each event type and major version.

Parameters of the stream become fields of `SubscribeRequest`, and the data of control events fields of `Gap` and `Closing`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any, Final

from app.specification.contracts import Contracts
from app.specification.derived.protobuf.field_numbers import Numbering
from app.specification.derived.protobuf.proto_types import (
    Property,
    Schema,
    camel_case,
    numbered,
    object_message,
    parameter,
)
from app.specification.derived.protobuf.proto_values import Message, ProtoFile
from app.specification.derived.protobuf.service_messages import (
    EVENT,
    EVENT_PROPERTIES,
    METHODS,
    OWN_MESSAGES,
    PACKAGE,
    PATH,
    SERVICE,
    SUBSCRIBE_REQUEST,
    OwnMessage,
)
from app.specification.errors import InvalidContract
from app.specification.openapi.structure import operation

DATA: Final = "data"

_OF_PAGES_ALONE: Final = "wait"


def derive_proto(inlined: Mapping[str, Any], contracts: Contracts, numbering: Numbering) -> ProtoFile:
    """Return the gRPC service of a contract.

    `inlined`: the OpenAPI document without references.
    `numbering`: afterwards, its `missing` has an entry for each field whose number is not recorded.
    Raises InvalidContract if a name cannot be a name of Protocol Buffers, or if two names meet.
    """
    data: dict[str, Message] = {}
    members: dict[str, tuple[str, int]] = {}
    for event_type, major, schemas in _majors(contracts):
        name = f"{camel_case(event_type)}V{major}"
        if name in data:
            raise InvalidContract(
                f"contracts/{event_type}: another event type is the message {name} of Protocol Buffers, too."
            )
        data[name] = object_message(name, schemas, numbering)
        members[name] = (event_type, major)
    event = _event(data, numbering)
    own = [_own_message(name, each, contracts, numbering) for name, each in OWN_MESSAGES.items()]
    return ProtoFile(
        path=PATH,
        package=PACKAGE,
        service=SERVICE,
        methods=METHODS,
        messages=(_subscribe_request(inlined, numbering), *own, event, *data.values()),
        members={members[field.type]: field for field in event.fields if field.oneof == DATA},
    )


def _majors(contracts: Contracts) -> Iterator[tuple[str, int, list[Schema]]]:
    for event_type in contracts.event_types:
        for major, versions in groupby(contracts.versions(event_type), lambda version: version.major):
            yield event_type, major, [contracts.get(event_type, version).schema for version in versions]


def _event(data: Mapping[str, Message], numbering: Numbering) -> Message:
    members = [Property(name[:1].lower() + name[1:], name, oneof=DATA) for name in data]
    comment = "An event. If `data` is unset, it is of a type that this file does not have; its id counts all the same."
    return numbered(EVENT, (*EVENT_PROPERTIES, *members), numbering, comment=comment)


def _subscribe_request(inlined: Mapping[str, Any], numbering: Numbering) -> Message:
    parameters = operation(inlined, "streamOrderEvents").content["parameters"]
    properties = [
        parameter(each["name"], each["schema"], each.get("description", ""))
        for each in parameters
        if each["in"] == "query" and each["name"] != _OF_PAGES_ALONE
    ]
    return numbered(SUBSCRIBE_REQUEST, properties, numbering, comment="Which events to stream, and from where on.")


def _own_message(name: str, own: OwnMessage, contracts: Contracts, numbering: Numbering) -> Message:
    schemas: list[Schema] = []
    if own.control_type in contracts.control_types:
        versions = contracts.versions(own.control_type)
        schemas = [contracts.get(own.control_type, version).schema for version in versions]
    return object_message(name, schemas, numbering, own.properties, own.comment)
