"""Faults of the contract as a server shows it: the document, and the schemas of events. Each has the check that must find it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from tests.check.broken_server import Head
from tests.check.faults import Planted, answers, as_html, with_json


def without_responses(document: Any) -> Any:
    operation = {**document["paths"]["/metrics"]["get"], "responses": {}}
    return {**document, "paths": {**document["paths"], "/metrics": {"get": operation}}}


def claiming_security(given: Head) -> Head:
    """Change a document in JSON or YAML so that its first operation needs a token."""
    body = given.body.replace(b'"security": []', b'"security": [{"bearer": []}]', 1)
    return replace(given, body=body.replace(b"security: []", b"security: [{bearer: []}]", 1))


PLANTED_IN_DOCUMENTS: Final[Mapping[str, Planted]] = {
    "the YAML says something else": Planted(
        lambda: answers(
            lambda given: replace(given, body=b"openapi: 3.0.3\n"),
            lambda asked, given: ".yaml" in asked.path and given.status == 200,
        ),
        "contract-document",
    ),
    "the document is not valid": Planted(
        lambda: answers(
            with_json(without_responses), lambda asked, given: asked.path == "/openapi.json" and given.status == 200
        ),
        "contract-document",
    ),
    "a schema is of another type": Planted(
        lambda: answers(as_html, lambda asked, _: asked.path.endswith("/order.cancelled/1.0.0")), "event-schemas"
    ),
    "a schema is not a schema": Planted(
        lambda: answers(
            with_json(lambda schema: {**schema, "type": 7}),
            lambda asked, _: asked.path.endswith("/order.cancelled/1.0.0"),
        ),
        "event-schemas",
    ),
    "a schema differs from the document": Planted(
        lambda: answers(
            with_json(lambda schema: {**schema, "required": ["orderId"]}),
            lambda asked, _: "order.shipped" in asked.path,
        ),
        "event-schemas",
    ),
    "an event type is not listed": Planted(
        lambda: answers(
            with_json(lambda listed: {"eventTypes": listed["eventTypes"][1:]}),
            lambda asked, given: asked.path == "/event-types" and given.status == 200,
        ),
        "event-schemas",
    ),
    "a token is claimed to be needed": Planted(
        lambda: answers(claiming_security, lambda asked, _: asked.path.startswith("/openapi.")), "bad-token"
    ),
}
