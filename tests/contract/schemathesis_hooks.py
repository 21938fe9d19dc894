"""Hooks for Schemathesis: the form of a stream on the wire, and a check of its raw bytes."""

from __future__ import annotations

import re
from itertools import takewhile
from pathlib import Path
from typing import Any

import schemathesis

CONTRACTS = Path(__file__).parents[2] / "contracts"
STREAM = "text/event-stream"


@schemathesis.hook
def before_load_schema(_context: schemathesis.HookContext, raw_schema: dict[str, Any]) -> None:
    """Change the frame schemas to the form on the wire: `data` is text, of the version that the frame shows. Let no page wait."""
    schemas = raw_schema["components"]["schemas"]
    page = raw_schema["paths"]["/events/orders/page"]["get"]
    page["parameters"] = [each for each in page["parameters"] if each != {"$ref": "#/components/parameters/wait"}]
    if raw_schema["openapi"].startswith("3.0."):  # OpenAPI 3.2 has this already
        _say_that_data_is_text(schemas)
    for event in _alternatives(schemas, "OrderEvent"):
        (event_type,) = event["properties"]["eventType"]["enum"]
        versions = [path.name for path in (CONTRACTS / event_type).iterdir()]
        newest = max(versions, key=lambda version: tuple(map(int, version.split("."))))
        event["properties"]["schemaVersion"] = {"type": "string", "enum": [newest]}


def _say_that_data_is_text(schemas: dict[str, Any]) -> None:
    for frame in _alternatives(schemas, "OrderEventStreamFrame"):
        parsed = frame["properties"]["data"]
        frame["properties"]["data"] = {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": parsed,
        }


@schemathesis.check
def stream_is_resumable(
    _context: schemathesis.CheckContext, response: schemathesis.Response, _case: schemathesis.Case[Any]
) -> None:
    """Fail on events without an id; Schemathesis itself, like any client, would use the last id for them."""
    (media_type, *_) = response.headers.get("content-type", [""])
    if response.status_code == 200 and media_type.startswith(STREAM):
        *blocks, _unfinished = response.content.split(b"\n\n")
        assert blocks, "The stream has no event."
        assert re.match(rb"retry: [0-9]+\n:[^\n]*\n", blocks[0]), f"The stream begins with {blocks[0]!r}."
        for block in takewhile(lambda each: b"event: stream.closing" not in each, blocks):
            assert re.search(rb"(?m)^id: [0-9A-Za-z_-]{1,64}$", block), f"The event has no id: {block!r}."


def _alternatives(schemas: dict[str, Any], union: str) -> list[dict[str, Any]]:
    return [schemas[reference["$ref"].rsplit("/", 1)[1]] for reference in schemas[union]["oneOf"]]
