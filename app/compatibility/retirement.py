"""Check that versions of event types end with notice, and find the versions that have ended, which may be removed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import date, timedelta
from typing import Any, Final

from app.compatibility.finding import Finding
from app.compatibility.released.baseline import Baseline
from app.compatibility.released.release_dates import ReleaseDates, sunset_on
from app.compatibility.released.schema_files import SchemaFile

NOTICE: Final = timedelta(days=90)
"""The least time between the release of the version that clients change to, and the sunset of the version that they leave."""


def has_ended(baseline: Baseline, event_type: str, version: str, today: date) -> bool:
    """Return whether a released version is past its sunset, as it was announced by a release."""
    sunset = _released(baseline, event_type, version).sunset_on
    return sunset is not None and sunset <= today


def check_sunsets(schemas: Sequence[SchemaFile], baseline: Baseline, today: date) -> Iterator[Finding]:
    """Yield a finding (a broken rule) for each sunset that comes too soon, or sooner than it was announced.

    `schemas`: the event schemas as they are now, ordered by event type and version.
    """
    for index, schema in enumerate(schemas):
        sunset = sunset_on(schema)
        if sunset is None or schema.contract is None or schema.contract.deprecation is None:
            continue
        announced = _released(baseline, schema.event_type, str(schema.version)).sunset_on
        if announced is not None and announced <= sunset:
            continue
        if announced is not None:
            yield _finding(schema, "sunset-moved", f"was {announced}, is {sunset}", f"Set it to {announced} or later")
            continue
        successor = _successor(schemas[index + 1 :], schema)
        begins, why = _notice(schema.contract.deprecation.deprecated_on, successor, baseline, today)
        if sunset < begins + NOTICE:
            change = f"the sunset {sunset} is less than {NOTICE.days} days after {why}"
            yield _finding(schema, "sunset-too-soon", change, f"Set it to {begins + NOTICE} or later")


def without_ended(
    document: Mapping[str, Any], schemas: Sequence[SchemaFile], baseline: Baseline, today: date
) -> Mapping[str, Any]:
    """Return the released document without the versions that have ended and were removed, so that they are not missed.

    A server has not accepted events of these versions since their sunsets.
    """
    present = {(each.event_type, str(each.version)) for each in schemas}
    ended = {
        (event_type, version)
        for event_type, versions in baseline.digests.items()
        for version in versions
        if (event_type, version) not in present and has_ended(baseline, event_type, version, today)
    }
    if not ended:
        return document
    reduced: dict[str, Any] = deepcopy(dict(document))
    for schema in reduced["components"]["schemas"].values():
        _remove_versions(schema.get("properties", {}), ended)
    return reduced


def _remove_versions(properties: dict[str, Any], ended: set[tuple[str, str]]) -> None:
    event_types, versions = (properties.get(name, {}).get("enum", []) for name in ("eventType", "schemaVersion"))
    if len(event_types) == 1:
        versions[:] = [each for each in versions if (event_types[0], each) not in ended]


def _released(baseline: Baseline, event_type: str, version: str) -> ReleaseDates:
    return baseline.dates.get(event_type, {}).get(version, ReleaseDates(date.max))


def _successor(later: Sequence[SchemaFile], schema: SchemaFile) -> SchemaFile | None:
    """Return the first later version that is not deprecated, to which clients can change; None if there is none."""
    for each in later:
        if each.event_type == schema.event_type and each.contract is not None and each.contract.deprecation is None:
            return each
    return None


def _notice(deprecated_on: date, successor: SchemaFile | None, baseline: Baseline, today: date) -> tuple[date, str]:
    """Return the day on which the notice of a sunset begins, and what happens on it: the last that clients need to know."""
    begins = deprecated_on, f"the version was deprecated, on {deprecated_on}"
    if successor is None:
        return begins
    released_on = min(_released(baseline, successor.event_type, str(successor.version)).released_on, today)
    return max(begins, (released_on, f"the release of {successor.version}, on {released_on}"))


def _finding(schema: SchemaFile, rule: str, change: str, fix: str) -> Finding:
    place = f"contracts/{schema.event_type}/{schema.version}/deprecated.json at /sunsetOn"
    return Finding(rule, place, "", "", change, f"{fix}, so that clients have the time to change.")
