"""A second major version of `order.shipped`, as `contracts/README.md` says how to add one: files and text, and no Python."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.contract_copy import ContractCopy
from tests.transports.http.orders import WHEN

VERSION = "2.0.0"
NAME = {"type": "string", "pattern": "^[0-9A-Za-z_.:-]{1,128}$"}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "urn:orders-events:contract:order.shipped:2.0.0",
    "title": "OrderShipped",
    "description": "An order has left the warehouse.",
    "type": "object",
    "required": ["orderId", "shippedAt", "service"],
    "properties": {
        "orderId": {"description": "The order that the event is about; readers filter by it.", **NAME},
        "shippedAt": {
            "description": "When the order left the warehouse.",
            "type": "string",
            "format": "date-time",
            "maxLength": 64,
        },
        "service": {
            "description": "How fast the parcel is; unknown for events that were published before there was a service.",
            "type": "string",
            "enum": ["standard", "express", "unknown"],
        },
        "parcel": {
            "description": "What was handed over.",
            "type": "object",
            "properties": {
                "carrier": {"description": "Who carries it.", "type": "string", "minLength": 1, "maxLength": 100},
                "trackingNumber": {
                    "description": "The carrier's name for it.",
                    "type": "string",
                    "pattern": "^[0-9A-Za-z._-]{1,64}$",
                },
            },
            "additionalProperties": False,
        },
        "warehouse": {"description": "Where it was packed.", "type": "string", "maxLength": 40},
        "merchantId": {"description": "The merchant that the order belongs to.", **NAME, "x-owner": True},
    },
    "additionalProperties": False,
}
DOWN: dict[str, Any] = {
    "to": "1.2.0",
    "steps": [
        {"move": "/shippedAt", "to": "/when"},
        {"move": "/parcel/carrier", "to": "/carrier"},
        {"move": "/parcel/trackingNumber", "to": "/trackingNumber"},
        {"drop": "/parcel"},
        {"drop": "/warehouse"},
        {"drop": "/service"},
    ],
}
UP: dict[str, Any] = {
    "from": "1.2.0",
    "steps": [
        {"move": "/when", "to": "/shippedAt"},
        {"move": "/carrier", "to": "/parcel/carrier"},
        {"move": "/trackingNumber", "to": "/parcel/trackingNumber"},
        {"set": "/service", "value": "unknown"},
    ],
}

LEAST = {"orderId": "or_1", "shippedAt": WHEN, "service": "express"}
MOST = {
    **LEAST,
    "parcel": {"carrier": "DHL", "trackingNumber": "X1"},
    "warehouse": "B",
    "merchantId": "m_1",
}
LEAST_SEEN = {"orderId": "or_1", "when": WHEN}
MOST_SEEN = {**LEAST_SEEN, "carrier": "DHL", "trackingNumber": "X1", "merchantId": "m_1"}
"""What readers of major 1 see of the two events above."""

MOST_RAISED = {
    "orderId": "or_1",
    "shippedAt": WHEN,
    "service": "unknown",
    "parcel": MOST["parcel"],
    "merchantId": "m_1",
}
"""What an event of major 1 with the data `MOST_SEEN` is to readers of major 2."""


def add_order_shipped_2(copy: ContractCopy) -> None:
    """Add the version to a copy of the contract, and its names to the document."""
    write_order_shipped_2(copy.contracts)
    copy.list_version("order.shipped", VERSION)
    copy.replace(
        r"^(      description: The major version of the schemas .*\n      type: integer\n      enum: )\[1\]$",
        r"\1[1, 2]",
    )
    copy.replace(
        r"^(    OrderShippedEvent:)$",
        rf"    OrderShippedV2:\n      $ref: ../contracts/order.shipped/{VERSION}/schema.json\n\1",
    )


def write_order_shipped_2(contracts: Path) -> Path:
    """Write the folder of the version, and return it."""
    folder = contracts / "order.shipped" / VERSION
    files = {
        "schema.json": SCHEMA,
        "down.json": DOWN,
        "up.json": UP,
        "examples/valid-least.json": LEAST,
        "examples/valid-most.json": MOST,
        "examples/invalid-when.json": LEAST_SEEN,
        "down/least.before.json": LEAST,
        "down/least.after.json": LEAST_SEEN,
        "down/most.before.json": MOST,
        "down/most.after.json": MOST_SEEN,
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(content, indent=2) + "\n", "utf-8")
    return folder
