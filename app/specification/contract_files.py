"""Read the folder of one event contract, `contracts/<event type>/<version>/`, and check its examples against its schema."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from app.specification.deprecation import Deprecation
from app.specification.errors import InvalidContract, MalformedJson
from app.specification.schema.schema import Schema, compile_schema
from app.specification.strict_json import JsonValue, parse_json

DEPRECATED = "deprecated.json"
CONVERSIONS = ("down.json", "up.json", "down")
"""The tables of a later major version, and the folder with their examples."""

_DAY: dict[str, JsonValue] = {"type": "string", "format": "date"}
_DEPRECATION = compile_schema(
    {
        "type": "object",
        "required": ["deprecatedOn"],
        "properties": {"deprecatedOn": _DAY, "sunsetOn": _DAY},
        "additionalProperties": False,
    },
    "A deprecation",
)
_EXAMPLE = re.compile(r"(valid|invalid)-[0-9A-Za-z._-]+\.json")


def folder_names(
    folder: Path, pattern: re.Pattern[str], kind: str, *, besides: frozenset[str] = frozenset()
) -> list[str]:
    """Return the names of the folders in `folder`, sorted.

    `pattern`: a regular expression that each name must match.
    `kind`: the noun for such a folder in error messages.
    `besides`: names of other entries that are allowed but not returned.
    Raises InvalidContract if the folder is empty, or if an entry is not allowed or is not a folder.
    """
    names = []
    for entry in entries(folder):
        if entry.name in besides:
            continue
        if not pattern.fullmatch(entry.name):
            raise InvalidContract(f"{folder}: {entry.name!r} is not {kind}.")
        if not entry.is_dir():
            raise InvalidContract(f"{entry}: this must be a folder.")
        names.append(entry.name)
    if not names:
        raise InvalidContract(f"{folder}: the folder is empty; it must hold at least one contract.")
    return names


def entries(folder: Path) -> list[Path]:
    """Return the paths of the entries in a folder, ordered by name.

    Names that begin with a dot are left out, because desktops and editors create such files. Raises InvalidContract if the folder
    cannot be read.
    """
    try:
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise InvalidContract(f"{folder}: the folder cannot be read: {error.strerror}.") from None


def read_json(path: Path) -> JsonValue:
    """Read a file as strict JSON and return its value. Raises InvalidContract if the file cannot be read or is not valid JSON."""
    try:
        return parse_json(path.read_bytes())
    except OSError as error:
        raise InvalidContract(f"{path}: the file cannot be read: {error.strerror}.") from None
    except MalformedJson as error:
        raise InvalidContract(f"{path}: {error}") from None


def read_valid_json(path: Path, schema: Schema) -> Any:
    """Read a file as `read_json` does, and hold its value to a schema. Raises InvalidContract if the value does not match."""
    content = read_json(path)
    for violation in schema.violations(content, 1)[0]:
        raise InvalidContract(f"{path}: {violation.pointer or 'this'} {violation.message}.")
    return content


def read_schema(folder: Path) -> tuple[dict[str, JsonValue], Schema]:
    """Read `schema.json` of an event contract; return the schema as JSON and in compiled form.

    Also checks that the schema accepts the valid examples and refuses the invalid examples in the sub-folder `examples`. Raises
    InvalidContract if the schema, an example or the content of the folder is wrong.
    """
    for entry in entries(folder):
        if entry.name not in {"schema.json", "examples", DEPRECATED, *CONVERSIONS}:
            raise InvalidContract(
                f"{entry}: a contract holds schema.json, examples and {DEPRECATED}, that of a later major also down.json, up.json and "
                "down, and nothing else."
            )
    path = folder / "schema.json"
    schema = read_json(path)
    if not isinstance(schema, dict):
        raise InvalidContract(f"{path}: a schema must be an object.")
    compiled = compile_schema(schema, str(path))
    _check_examples(folder / "examples", compiled)
    return schema, compiled


def read_deprecation(folder: Path) -> Deprecation | None:
    """Return since when a version of an event type is deprecated, and when it ends; None if the version is not deprecated.

    The days are in a separate file, `deprecated.json`, because the schema of a released version must not change. Raises
    InvalidContract if that file is wrong.
    """
    path = folder / DEPRECATED
    if not path.exists():
        return None
    days: Any = read_json(path)
    if not _DEPRECATION.accepts(days):
        raise InvalidContract(
            f'{path}: this must be {{"deprecatedOn": "2026-12-01"}} or {{"deprecatedOn": "2026-12-01", "sunsetOn": "2027-06-01"}}, '
            "with dates of RFC 3339."
        )
    deprecation = Deprecation(
        *(date.fromisoformat(days[name]) for name in ("deprecatedOn", "sunsetOn") if name in days)
    )
    if deprecation.sunset_at <= deprecation.deprecated_at:  # RFC 9745 §4
        raise InvalidContract(f"{path}: sunsetOn must be after deprecatedOn.")
    return deprecation


def valid_examples(folder: Path) -> Iterator[tuple[Path, Any]]:
    """Yield the path and the data of each valid example of an event contract; `read_schema` has checked them."""
    for path, verdict in _examples(folder / "examples"):
        if verdict == "valid":
            yield path, read_json(path)


def _check_examples(folder: Path, schema: Schema) -> None:
    seen = set()
    for path, verdict in _examples(folder):
        violations, total = schema.violations(read_json(path), 1)
        if verdict == "valid" and total:
            pointer, message = violations[0]
            raise InvalidContract(f"{path}: the example is not valid: {pointer or 'its root'} {message}.")
        if verdict == "invalid" and not total:
            raise InvalidContract(f"{path}: the example is valid, but its name says that it is not.")
        seen.add(verdict)
    for missing in sorted({"valid", "invalid"} - seen):
        raise InvalidContract(f"{folder}: there must be an example {missing}-….json at least.")


def _examples(folder: Path) -> Iterator[tuple[Path, str]]:
    for entry in entries(folder):
        match = _EXAMPLE.fullmatch(entry.name)
        if match is None:
            raise InvalidContract(
                f"{folder}: {entry.name!r} is not the name of an example: valid-….json or invalid-….json."
            )
        yield entry, match[1]
