"""When each version of an event type was released, and the sunset that was announced for it: `contracts/released-dates.json`.

A version that was retired stays in the file after its folder was removed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from app.compatibility.released.schema_files import SchemaFile
from app.specification.contract_files import read_valid_json
from app.specification.schema.schema import compile_schema
from app.specification.strict_json import JsonValue

DATES: Final = "contracts/released-dates.json"

_DAY: Final[dict[str, JsonValue]] = {"type": "string", "format": "date"}
_VERSION: Final[dict[str, JsonValue]] = {
    "type": "object",
    "required": ["releasedOn"],
    "properties": {"releasedOn": _DAY, "sunsetOn": _DAY},
    "additionalProperties": False,
}
_FILE: Final = compile_schema(
    {"type": "object", "additionalProperties": {"type": "object", "additionalProperties": _VERSION}}, DATES
)


class ReleaseDates(NamedTuple):
    """`released_on`: the day of the release of a version. `sunset_on`: its sunset, as last released; None if it had none."""

    released_on: date
    sunset_on: date | None = None


DatesByVersion: TypeAlias = Mapping[str, Mapping[str, ReleaseDates]]
"""The dates by event type and version."""


def read_dates(root: Path) -> DatesByVersion:
    """Read the dates in the directory `root`; there are none if the file is missing. Raises InvalidContract if it is wrong."""
    path = root / DATES
    if not path.exists():
        return {}
    content = read_valid_json(path, _FILE)
    return {
        event_type: {version: _dates(entry) for version, entry in versions.items()}
        for event_type, versions in content.items()
    }


def write_dates(root: Path, known: DatesByVersion, schemas: Iterable[SchemaFile], today: date) -> None:
    """Record the sunsets of the given event schemas as released, and as the day of their release today, unless it is in `known`."""
    dates = {event_type: dict(versions) for event_type, versions in known.items()}
    for schema in schemas:
        of_type = dates.setdefault(schema.event_type, {})
        before = of_type.get(str(schema.version), ReleaseDates(today))
        of_type[str(schema.version)] = before._replace(sunset_on=sunset_on(schema))
    content = {name: {version: _entry(each) for version, each in of_type.items()} for name, of_type in dates.items()}
    (root / DATES).write_text(json.dumps(content, indent=2) + "\n", "utf-8")


def sunset_on(schema: SchemaFile) -> date | None:
    """Return the sunset of a version as it is now; None if it has none."""
    deprecation = None if schema.contract is None else schema.contract.deprecation
    return None if deprecation is None else deprecation.sunset_on


def _dates(entry: Mapping[str, str]) -> ReleaseDates:
    return ReleaseDates(*(date.fromisoformat(entry[name]) for name in ("releasedOn", "sunsetOn") if name in entry))


def _entry(dates: ReleaseDates) -> dict[str, str]:
    days = {"releasedOn": dates.released_on, "sunsetOn": dates.sunset_on}
    return {name: day.isoformat() for name, day in days.items() if day is not None}
