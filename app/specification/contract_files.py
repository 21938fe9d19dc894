"""Read the folder of one event contract, and validate its examples against its schema."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from app.specification.errors import InvalidContract, MalformedJson
from app.specification.schema.dialect import FORMATS
from app.specification.schema.schema import Schema, compile_schema
from app.specification.strict_json import JsonValue, parse_json

DEPRECATED = "deprecated.json"

_EXAMPLE = re.compile(r"(valid|invalid)-[0-9A-Za-z._-]+\.json")


def folder_names(
    folder: Path, pattern: re.Pattern[str], kind: str, *, besides: frozenset[str] = frozenset()
) -> list[str]:
    """List the names of the folders in a folder.

    `pattern`: what each name must match. `kind`: what error messages call such a folder. `besides`: other names that are allowed but not
    listed. Raises InvalidContract if anything else is in the folder, or if it is empty.
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
    """List the contents of a folder, ordered by name, without names that begin with a dot: desktops and editors create such files.

    Raises InvalidContract if the folder cannot be read.
    """
    try:
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise InvalidContract(f"{folder}: the folder cannot be read: {error.strerror}.") from None


def read_json(path: Path) -> JsonValue:
    """Read a file as strict JSON. Raises InvalidContract if it cannot be read or is malformed."""
    try:
        return parse_json(path.read_bytes())
    except OSError as error:
        raise InvalidContract(f"{path}: the file cannot be read: {error.strerror}.") from None
    except MalformedJson as error:
        raise InvalidContract(f"{path}: {error}") from None


def read_schema(folder: Path) -> tuple[dict[str, JsonValue], Schema]:
    """Read and compile `schema.json`, and check the examples beside it by it. Raises InvalidContract."""
    for entry in entries(folder):
        if entry.name not in {"schema.json", "examples", DEPRECATED}:
            raise InvalidContract(f"{entry}: a contract holds schema.json, examples and {DEPRECATED}, nothing else.")
    path = folder / "schema.json"
    schema = read_json(path)
    if not isinstance(schema, dict):
        raise InvalidContract(f"{path}: a schema must be an object.")
    compiled = compile_schema(schema, str(path))
    _check_examples(folder / "examples", compiled)
    return schema, compiled


def read_deprecation(folder: Path) -> str | None:
    """Read the day from which a version is deprecated; None if it is not deprecated. Raises InvalidContract.

    The day is in a file of its own, because a released schema never changes.
    """
    path = folder / DEPRECATED
    if not path.exists():
        return None
    match read_json(path):
        case {"deprecatedOn": str(day), **rest} if not rest and FORMATS.conforms(day, "date"):
            return day
    raise InvalidContract(f'{path}: this must be {{"deprecatedOn": "2026-12-01"}}, with a date of RFC 3339.')


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
