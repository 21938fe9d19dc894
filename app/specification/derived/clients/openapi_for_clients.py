"""Derive an OpenAPI 3.0 document from which generators of clients make code that works, and that later minor versions do not break.

Generators know one response to a request, in one media type. So of the media types of a response, the document keeps the event stream if
there is one, and a page is an operation of its own; a request that may have one event or an array of events has an array. Operations
that switch to WebSocket are left out, with the components that nothing else needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

from app.specification.derived.asyncapi_socket import is_socket
from app.specification.derived.clients.reachable import reachable
from app.specification.derived.clients.tolerant_schemas import admit_later_versions
from app.specification.derived.clients.value_lists import name_value_lists
from app.specification.derived.openapi_3_2 import STREAM
from app.specification.openapi.structure import METHODS
from app.specification.pointer import lookup, parse_reference

_REFERRED: Final = frozenset({"schemas", "parameters", "headers", "requestBodies", "responses", "examples", "links"})
"""The kinds of components that references lead to; security schemes are named otherwise."""


def derive_openapi_for_clients(bundled: Mapping[str, Any]) -> dict[str, Any]:
    """Return the OpenAPI 3.0 document `bundled` for generators of clients; `bundled` is not changed."""
    document = deepcopy(dict(bundled))
    for item in document["paths"].values():
        for method in [method for method in METHODS if method in item]:
            if is_socket(item[method]):
                del item[method]
            else:
                _take_one_form(document, item[method])
    document["paths"] = {path: item for path, item in document["paths"].items() if not item.keys().isdisjoint(METHODS)}
    return admit_later_versions(name_value_lists(_without_unused(document)))


def _take_one_form(document: Mapping[str, Any], operation: dict[str, Any]) -> None:
    for response in operation["responses"].values():
        if STREAM in response.get("content", {}):
            response["content"] = {STREAM: response["content"][STREAM]}
    for media_type in operation.get("requestBody", {}).get("content", {}).values():
        _take_array(document, media_type)


def _take_array(document: Mapping[str, Any], media_type: dict[str, Any]) -> None:
    """Replace alternatives, one of which is an array, by that array: generated code of some languages does not compile with both."""
    arrays = [each for each in media_type["schema"].get("oneOf", ()) if _is_array(document, each)]
    if arrays:
        media_type["schema"] = arrays[0]
        shown = media_type.get("examples", {}).items()
        media_type["examples"] = {name: each for name, each in shown if isinstance(each["value"], list)}


def _is_array(document: Mapping[str, Any], schema: Mapping[str, Any]) -> bool:
    target = lookup(document, *parse_reference(schema["$ref"])) if "$ref" in schema else schema
    return bool(target.get("type") == "array")


def _without_unused(document: dict[str, Any]) -> dict[str, Any]:
    used = reachable(document, document["paths"])
    components = {
        kind: {name: each for name, each in named.items() if (kind, name) in used} if kind in _REFERRED else named
        for kind, named in document["components"].items()
    }
    return {**document, "components": components}
