"""Derive the OpenAPI document of one major version: what clients that pin this `majorVersion` send and receive.

The document of the contract describes what clients get that name no major version. In the document of another major, the events and
frames refer to the schemas of that major, the examples are converted to it, and `majorVersion` is required.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from app.specification.contracts import Contracts
from app.specification.conversion.reading import seen_major
from app.specification.openapi.bundle import CONTRACT
from app.specification.strict_json import serialise

_NAMES: Final = ("eventType", "event")  # the members that name the type of an event in an example
_PIN: Final = "majorVersion"
_SUBSCRIBE: Final = "SubscribeMessage"


class _Component(NamedTuple):
    """A component of the document that is the schema of an event type in one major version."""

    name: str
    event_type: str
    major: int


def derive_major(
    source: Mapping[str, Any], bundled: dict[str, Any], contracts: Contracts, major: int
) -> dict[str, Any]:
    """Return the document of a major version; if its clients get what all get, that is `bundled` itself.

    `source`: the document with its references to the files of event schemas. `bundled`: the same document of a server, without them.
    """
    if contracts.reading(major) is contracts.reading():
        return bundled
    majors = {name: [version.major for version in contracts.versions(name)] for name in contracts.event_types}
    seen = {name: seen_major(each, major) for name, each in majors.items()}
    renamed, dropped = _replacements(list(_components(source)), seen)
    document = _referring(
        bundled, {f"#/components/schemas/{old}": f"#/components/schemas/{new}" for old, new in renamed.items()}
    )
    converted: dict[str, Any] = _with_examples(document, contracts, major)
    schemas = converted["components"]["schemas"]
    for name in dropped:
        del schemas[name]
    _pin(converted, contracts, seen, major)
    return converted


def _components(source: Mapping[str, Any]) -> Iterator[_Component]:
    for name, schema in source["components"]["schemas"].items():
        found = CONTRACT.fullmatch(str(schema.get("$ref", "")))
        if found is not None:
            yield _Component(name, found["event_type"], int(found["version"].partition(".")[0]))


def _replacements(components: list[_Component], seen: Mapping[str, int]) -> tuple[dict[str, str], list[str]]:
    """Return by which component each one is replaced, and the components that clients with this pin do not see."""
    chosen = {each.event_type: each.name for each in components if seen.get(each.event_type) == each.major}
    others = [each for each in components if each.event_type in seen and each.name != chosen[each.event_type]]
    return {each.name: chosen[each.event_type] for each in others}, [each.name for each in others]


def _referring(node: Any, renamed: Mapping[str, str]) -> Any:
    match node:
        case {"$ref": str(reference)}:
            return {"$ref": renamed.get(reference, reference)}
        case dict():
            return {key: _referring(value, renamed) for key, value in node.items()}
        case list():
            return [_referring(value, renamed) for value in node]
        case _:
            return node


def _with_examples(node: Any, contracts: Contracts, major: int) -> Any:
    """Return a part of the document in which every event of an example has the data, and the version, that this major has."""
    match node:
        case {"data": dict(data), **rest} if any(rest.get(name) in contracts.event_types for name in _NAMES):
            event_type = next(str(rest[name]) for name in _NAMES if rest.get(name) in contracts.event_types)
            named = rest.get("schemaVersion")
            version = _shown_version(contracts, event_type) if named is None else str(named)
            seen = contracts.reading(major).seen(event_type, version, serialise(data))
            changed = {} if named is None else {"schemaVersion": seen.schema_version}
            return {**node, "data": json.loads(seen.data), **changed}
        case dict():
            return {key: _with_examples(value, contracts, major) for key, value in node.items()}
        case list():
            return [_with_examples(value, contracts, major) for value in node]
        case _:
            return node


def _shown_version(contracts: Contracts, event_type: str) -> str:
    """Return the version of the events that examples show without naming it: the newest of the oldest major."""
    versions = contracts.versions(event_type)
    return str(max(each for each in versions if each.major == versions[0].major))


def _pin(document: dict[str, Any], contracts: Contracts, seen: Mapping[str, int], major: int) -> None:
    """Let the document demand the `majorVersion`, and list the versions of this major only."""
    schemas = document["components"]["schemas"]
    parameters, any_major = document["components"]["parameters"], schemas["MajorVersion"]
    schemas["MajorVersion"] = {**any_major, "enum": [major], "default": major}
    parameters[_PIN] |= {"required": True, "example": major}
    for name, parameter in parameters.items():
        if name != _PIN and parameter["schema"] == {"$ref": "#/components/schemas/MajorVersion"}:
            parameter["schema"] = any_major  # this one asks for the document of any major
    if _SUBSCRIBE in schemas:
        subscribe = schemas[_SUBSCRIBE]
        subscribe["required"] = [*subscribe["required"], _PIN]
        subscribe["example"] = {**subscribe["example"], _PIN: major}
    for schema in schemas.values():
        properties = schema.get("properties", {})
        event_types = properties.get("eventType", {}).get("enum", [])
        if len(event_types) == 1 and event_types[0] in seen and "enum" in properties.get("schemaVersion", {}):
            versions = contracts.versions(event_types[0])
            properties["schemaVersion"]["enum"] = [str(each) for each in versions if each.major == seen[event_types[0]]]
