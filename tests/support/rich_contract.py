"""Event types whose properties need every rule of the derived `.proto`, beside those of the repository."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from app.specification.contracts import Contracts, EventContract, load_contracts
from app.specification.derived.protobuf.field_numbers import Numbering
from app.specification.derived.protobuf.order_events_proto import derive_proto
from app.specification.derived.protobuf.proto_values import ProtoFile
from app.specification.openapi.bundle import bundle, inline
from app.specification.openapi.source import read_source
from app.specification.schema.schema import compile_schema
from app.specification.version import Version

ROOT = Path(__file__).parents[2]
TEXT = {"type": "string", "maxLength": 40}
ITEM = {
    "description": "One thing.",
    "type": "object",
    "required": ["sku"],
    "properties": {
        "sku": TEXT,
        "count": {"type": "integer", "minimum": -(2**53) + 1, "maximum": 2**53 - 1},
        "gift": {"type": "boolean"},
    },
    "additionalProperties": False,
}
WEIGHED: dict[str, Any] = {
    "description": "An order has been weighed.\n\nIn *every* way.",
    "type": "object",
    "required": ["orderId", "weight", "items", "path"],
    "properties": {
        "orderId": {"type": "string", "pattern": "^[0-9A-Za-z_.:-]{1,128}$"},
        "weight": {"type": "number"},
        "count": {"type": "integer", "minimum": -(2**53) + 1, "maximum": 2**53 - 1},
        "fragile": {"type": "boolean"},
        "note": TEXT,
        "state": {"type": "string", "enum": ["wet", "dry"]},
        "grade": {"type": "string", "enum": ["a"], "x-extensible": True},
        "box": ITEM,
        "items": {"type": "array", "items": ITEM, "maxItems": 3},
        "tags": {"type": "array", "items": TEXT, "minItems": 1, "maxItems": 3},
        "sizes": {"type": "array", "items": {"type": "number"}, "minItems": 1, "maxItems": 3},
        "counts": {"type": "array", "items": {"type": "integer"}, "maxItems": 3},
        "path": {
            "type": "array",
            "items": {"type": "array", "items": {"type": "integer"}, "maxItems": 2},
            "maxItems": 2,
        },
        "either": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
        "any": {},
        "extra": {"type": "object", "maxProperties": 3},
        "open": {"type": "object", "properties": {"known": TEXT}},
        "kinds": {"type": "array", "minItems": 1, "maxItems": 3, "items": {}},
        "HTTPStatus2": {"type": "integer", "minimum": 100, "maximum": 599},
        "deep": {
            "type": "object",
            "properties": {"item": ITEM, "list": {"type": "array", "minItems": 1, "maxItems": 2, "items": ITEM}},
            "additionalProperties": False,
        },
        "from": TEXT,
        "message": TEXT,
    },
    "additionalProperties": False,
}


def event_contract(event_type: str, version: str, schema: dict[str, Any]) -> EventContract:
    numbers = Version(*map(int, version.split(".")))
    return EventContract(event_type, numbers, schema, compile_schema(schema, f"{event_type} {version}"))


def contracts_with(*added: EventContract) -> Contracts:
    """Return the contracts of the repository and some more."""
    loaded = load_contracts(ROOT / "contracts")
    names = (*loaded.event_types, *loaded.control_types)
    return Contracts([*(loaded.get(name, version) for name in names for version in loaded.versions(name)), *added])


def derived(*added: EventContract, numbering: Numbering | None = None) -> ProtoFile:
    """Return the gRPC service of the repository's contract and some more event types."""
    inlined = inline(bundle(read_source(ROOT), load_contracts(ROOT / "contracts")))
    return derive_proto(inlined, contracts_with(*added), numbering or Numbering({}))


def rich_proto(numbering: Numbering | None = None) -> ProtoFile:
    return derived(event_contract("order.weighed", "1.0.0", WEIGHED), numbering=numbering)
