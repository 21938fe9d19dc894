"""Check that the OpenAPI document and the event contracts agree on the event types and their versions.

The event types are found in the components with these names: `OrderEventType`, `OrderEvent`, `OrderEventStreamFrame`,
`MajorVersion`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.specification.contracts import Contracts
from app.specification.openapi.bundle import CONTRACT
from app.specification.pointer import Pointer, contract_error, dotted, lookup, parse_reference

_SCHEMAS: Pointer = ("components", "schemas")
EVENT: Pointer = ("components", "schemas", "OrderEvent")
FRAME: Pointer = ("components", "schemas", "OrderEventStreamFrame")
_NAMES: Pointer = ("components", "schemas", "OrderEventType", "enum")
_MAJORS: Pointer = ("components", "schemas", "MajorVersion", "enum")


def check_event_types(source: Mapping[str, Any], contracts: Contracts) -> None:
    """Check that the OpenAPI document has the same event types as the contracts. Raises InvalidContract if they differ.

    The document must still contain its references to the contract files.
    """
    events, frames = _union(source, EVENT), _union(source, FRAME)
    for control_type in contracts.control_types:
        if control_type not in frames:
            raise contract_error(FRAME, f"the frame of the control event {control_type!r} is missing")
    _check_same_types(
        {
            "contracts/": set(contracts.event_types),
            dotted(_NAMES): set(lookup(source, *_NAMES)),
            dotted(EVENT): set(events),
            dotted(FRAME): set(frames) - set(contracts.control_types),
        }
    )
    for union, variants in ((EVENT, events), (FRAME, frames)):
        discriminator = lookup(source, *union, "discriminator", "propertyName")
        for event_type, reference in variants.items():
            _check_variant(source, parse_reference(reference), discriminator, event_type)
            _check_data(source, parse_reference(reference), event_type, contracts)
    for event_type, reference in events.items():
        _check_versions(source, parse_reference(reference), event_type, contracts)
        _check_majors(source, event_type, contracts)
    if sorted(lookup(source, *_MAJORS)) != list(contracts.majors):
        raise contract_error(_MAJORS, f"the major versions of the contracts are {list(contracts.majors)}")


def _union(source: Mapping[str, Any], union: Pointer) -> dict[str, str]:
    """Return the mapping of a union's discriminator: from each event type to the reference to its schema."""
    mapping: dict[str, str] = lookup(source, *union, "discriminator", "mapping")
    alternatives = {alternative.get("$ref") for alternative in lookup(source, *union, "oneOf")}
    for reference in sorted(alternatives ^ set(mapping.values()), key=str):
        raise contract_error(union, f"{reference!r} stands in only one of oneOf and discriminator.mapping")
    return mapping


def _check_same_types(named: Mapping[str, set[str]]) -> None:
    for event_type in sorted(set().union(*named.values())):
        missing = [place for place, names in named.items() if event_type not in names]
        present = [place for place, names in named.items() if event_type in names]
        if missing:
            raise contract_error(
                (), f"the event type {event_type!r} stands in {present[0]}, but not in {', '.join(missing)}"
            )


def _check_variant(source: Mapping[str, Any], variant: Pointer, discriminator: str, event_type: str) -> None:
    named = (*variant, "properties", discriminator, "enum")
    if lookup(source, *named) != [event_type]:
        raise contract_error(named, f"this must be {event_type!r} alone, as in the mapping")


def _check_versions(source: Mapping[str, Any], variant: Pointer, event_type: str, contracts: Contracts) -> None:
    listed = (*variant, "properties", "schemaVersion", "enum")
    versions = [str(version) for version in contracts.versions(event_type)]
    if lookup(source, *listed) != versions:
        raise contract_error(listed, f"this must list the versions of {event_type!r}: {', '.join(versions)}")


def _check_majors(source: Mapping[str, Any], event_type: str, contracts: Contracts) -> None:
    """Check that each major of an event type has a component with its newest version: readers of that major see such events."""
    references = [schema.get("$ref", "") for schema in lookup(source, *_SCHEMAS).values()]
    present = {(found["event_type"], found["version"]) for each in references if (found := CONTRACT.fullmatch(each))}
    for newest in {version.major: version for version in contracts.versions(event_type)}.values():
        if (event_type, str(newest)) not in present:
            raise contract_error(_SCHEMAS, f"no component refers to version {newest} of {event_type!r}")


def _check_data(source: Mapping[str, Any], variant: Pointer, event_type: str, contracts: Contracts) -> None:
    component = parse_reference(lookup(source, *variant, "properties", "data", "$ref"))
    contract = CONTRACT.fullmatch(lookup(source, *component, "$ref"))
    if contract is None or contract["event_type"] != event_type:
        raise contract_error(
            component, f"this must refer to a contract of {event_type!r}, as {dotted(variant)} expects"
        )
    version = contracts.get(event_type, contract["version"]).version
    newest = max(each for each in contracts.versions(event_type) if each.major == version.major)
    if version != newest:
        raise contract_error(component, f"this must refer to the newest version of {event_type!r}, which is {newest}")
