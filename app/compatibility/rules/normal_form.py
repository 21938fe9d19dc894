"""Rewrite an OpenAPI document to a normal form, so that two documents with the same meaning are equal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from app.compatibility.rules.comparison import canonical
from app.specification.openapi.structure import METHODS
from app.specification.pointer import lookup, parse_reference

_STYLES: Final = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}


def normal_form(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the normal form of a valid OpenAPI document, in which the same meaning is always written in the same way.

    Servers are keyed by URL (the default server has the URL `/`), parameters by name and location, and messages by the names of
    their components. The parameters of a path are copied to each of its operations. Each operation has its own security
    requirements, `[{}]` if there are none. The default members of each parameter are written out.
    """
    components = document.get("components", {})
    parameters = {name: _parameter(each) for name, each in components.get("parameters", {}).items()}
    return {
        **document,
        "servers": {server["url"]: server for server in document.get("servers") or [{"url": "/"}]},
        "paths": {path: _path(item, document) for path, item in document["paths"].items()},
        "components": {**components, "parameters": parameters},
    }


def _path(item: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    shared = _named(item.get("parameters", ()), document)
    operations = {method: _operation(item[method], shared, document) for method in METHODS if method in item}
    return {**{name: value for name, value in item.items() if name != "parameters"}, **operations}


def _operation(operation: Mapping[str, Any], shared: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    parameters = {**shared, **_named(operation.get("parameters", ()), document)}
    security = operation.get("security", document.get("security", ()))
    demands = sorted(security, key=canonical) or [{}]
    return {**operation, "parameters": parameters, "security": demands, **_messages(operation)}


def _messages(operation: Mapping[str, Any]) -> dict[str, Any]:
    if "x-messages" not in operation:
        return {}
    messages = operation["x-messages"]
    return {"x-messages": {side: {_component(each): each for each in messages[side]} for side in messages}}


def _component(reference: Mapping[str, str]) -> str:
    return str(parse_reference(reference["$ref"])[-1])


def _named(parameters: Any, document: Mapping[str, Any]) -> dict[str, Any]:
    named = {}
    for each in parameters:
        found = lookup(document, *parse_reference(each["$ref"])) if "$ref" in each else each
        named[f"{found.get('name')} ({found.get('in')})"] = _parameter(each)
    return named


def lower_if_header(key: str) -> str:
    """Return the key of a parameter in the normal form, in lower case if it is a header: names of headers have no case."""
    return key.casefold() if key.endswith(" (header)") else key


def _parameter(parameter: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in parameter or "content" in parameter:
        return dict(parameter)
    style = parameter.get("style", _STYLES[parameter["in"]])
    return {"explode": style == "form", **parameter, "style": style}
