"""A third event type, `order.returned`, as the comments in the document and `contracts/README.md` ask for one to be added."""

from __future__ import annotations

import json
from typing import Any

from tests.support.contract_copy import ContractCopy
from tests.transports.http.orders import WHEN

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "urn:orders-events:contract:order.returned:1.0.0",
    "title": "OrderReturned",
    "description": "An order has come back.",
    "type": "object",
    "required": ["orderId", "when", "items"],
    "properties": {
        "orderId": {"type": "string", "pattern": "^[0-9A-Za-z_.:-]{1,128}$"},
        "when": {"type": "string", "format": "date-time", "maxLength": 64},
        "items": {"type": "integer", "minimum": 1, "maximum": 1000},
    },
    "additionalProperties": False,
}
DATA = {"orderId": "or_1", "when": WHEN, "items": 2}

COMPONENTS = """\
    # order.returned
    OrderReturnedV1:
      $ref: ../contracts/order.returned/1.0.0/schema.json
    OrderReturnedEvent:
      description: Says that an order has been returned.
      type: object
      required: [eventType, data]
      properties:
        eventType: {type: string, enum: [order.returned]}
        data: {$ref: '#/components/schemas/OrderReturnedV1'}
        eventId: {$ref: '#/components/schemas/EventId'}
        schemaVersion: {type: string, enum: [1.0.0]}
      additionalProperties: false
    OrderReturnedFrame:
      description: An order has been returned.
      type: object
      required: [id, event, data]
      properties:
        id: {$ref: '#/components/schemas/Position'}
        event: {type: string, enum: [order.returned]}
        retry: {$ref: '#/components/schemas/RetryMilliseconds'}
        data: {$ref: '#/components/schemas/OrderReturnedV1'}
      additionalProperties: false

"""
EXAMPLE = """\
                orderReturned:
                  summary: An order has been returned
                  value:
                    id: k7f3q2xw-1044
                    event: order.returned
                    data: {orderId: or_12345, when: '2024-05-09T10:00:00Z', items: 1}
"""


def add_order_returned(copy: ContractCopy) -> None:
    """Add the event type to a copy of the contract, by the five steps in the comments of the document."""
    folder = copy.contracts / "order.returned" / "1.0.0"
    (folder / "examples").mkdir(parents=True)
    (folder / "schema.json").write_text(json.dumps(SCHEMA))
    (folder / "examples" / "valid-two.json").write_text(json.dumps(DATA))
    (folder / "examples" / "invalid-none.json").write_text(json.dumps({**DATA, "items": 0}))
    copy.replace(r"^( *)- order\.cancelled$", r"\1- order.cancelled\n\1- order.returned")
    for kind in ("Event", "Frame"):
        name = f"#/components/schemas/OrderCancelled{kind}"
        returned = f"#/components/schemas/OrderReturned{kind}"
        copy.replace(rf"^( *)- \$ref: '{name}'$", rf"\1- $ref: '{name}'\n\1- $ref: '{returned}'")
        copy.replace(
            rf"^( *)order\.cancelled: '{name}'$", rf"\1order.cancelled: '{name}'\n\1order.returned: '{returned}'"
        )
    copy.replace(r"^(?=    # A new event type \(4 of 5\))", COMPONENTS)
    copy.replace(r"^(?=                # A new event type \(5 of 5)", EXAMPLE)
