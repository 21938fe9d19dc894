"""The released contract, with which the present contract is compared; it is recorded in four committed files.

`contracts/released.json` has a digest of each released event schema and table. `openapi/released.json` is the released OpenAPI document.
`contracts/released-field-numbers.json` is the released copy of `contracts/field-numbers.json`. `contracts/released-dates.json` has the
day of each release of an event schema.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from app.compatibility.released.release_dates import DatesByVersion, read_dates
from app.compatibility.released.schema_files import SchemaFile, contracts_of, read_schema_files
from app.specification.contract_files import read_json
from app.specification.conversion.reading import seen_major
from app.specification.derived.protobuf.field_numbers import Numbers, read_field_numbers, write_field_numbers
from app.specification.errors import InvalidContract
from app.specification.version import Version

NUMBERS: Final = "contracts/released-field-numbers.json"
SCHEMAS: Final = "contracts/released.json"
DOCUMENT: Final = "openapi/released.json"


@dataclass(frozen=True, slots=True)
class Baseline:
    """The released contract, with which the present contract is compared.

    `digests`: the SHA-256 of each released schema.json and table in hexadecimal, by event type, and by version or, for a table, by its
    path in the folder of the event type.
    `document`: the released OpenAPI document, with the event schemas copied into it; None if no document has been released.
    `numbers`: the released field numbers; None if none have been released, because the contract is older than the `.proto`.
    `dates`: when each event schema was released, and its sunset; some may be missing, because the contract is older than this record.
    """

    digests: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    document: Mapping[str, Any] | None = None
    numbers: Numbers | None = None
    dates: DatesByVersion = field(default_factory=dict)

    def digest(self, schema: SchemaFile) -> str | None:
        """Return the digest of a schema at its release; None if this version of the event type has not been released."""
        return self.digests.get(schema.event_type, {}).get(str(schema.version))


def read_baseline(root: Path) -> Baseline | None:
    """Read the released contract from the directory `root`; return None if nothing has been released.

    Raises InvalidContract if the files of the released contract cannot be read, or if one of the two files is missing.
    """
    present = [name for name in (SCHEMAS, DOCUMENT) if (root / name).exists()]
    if not present:
        return None
    if len(present) == 1:
        raise InvalidContract(f"{root}: {SCHEMAS} and {DOCUMENT} belong together, and only {present[0]} is there.")
    digests, document = read_json(root / SCHEMAS), read_json(root / DOCUMENT)
    if not isinstance(digests, dict) or not isinstance(document, dict):
        raise InvalidContract(f"{root}: {SCHEMAS} and {DOCUMENT} must be objects.")
    numbers = read_field_numbers(root, NUMBERS) if (root / NUMBERS).exists() else None
    return Baseline(
        {event_type: _versions(versions, root) for event_type, versions in digests.items()},
        document,
        numbers,
        read_dates(root),
    )


def write_baseline(root: Path, schemas: Iterable[SchemaFile], document: bytes, numbers: Numbers) -> None:
    """Record the given event schemas, the given OpenAPI document (as JSON) and the given field numbers as the released contract."""
    digests: dict[str, dict[str, str]] = {}
    for schema in schemas:
        digests.setdefault(schema.event_type, {}).update(schema.digests)
    (root / SCHEMAS).write_text(json.dumps(digests, indent=2) + "\n", "utf-8")
    (root / DOCUMENT).write_bytes(document)
    (root / NUMBERS).write_text(write_field_numbers(numbers), "utf-8")


def released_schemas(root: Path, major: int | None = None) -> dict[str, dict[str, Any]]:
    """Return the newest released schema that readers see of each event type that producers publish, by event type.

    `major`: the `majorVersion` that the readers name; None if they name none. A deprecated version counts like any other version.
    Raises InvalidContract if the record of released schemas cannot be read, or no event type has the major.
    """
    baseline = read_baseline(root) or Baseline()
    files = [each for each in read_schema_files(root / "contracts") if baseline.digest(each) is not None]
    contracts = contracts_of(files)
    majors = sorted({version.major for name in contracts.event_types for version in contracts.versions(name)})
    if major is not None and majors and major not in majors:
        raise InvalidContract(f"No event type has the major version {major}. There are: {', '.join(map(str, majors))}.")
    return {
        name: contracts.get(name, _newest(contracts.versions(name), major)).schema for name in contracts.event_types
    }


def _newest(versions: Sequence[Version], pin: int | None) -> Version:
    """Return the newest version of the major that readers with this pin see. `versions`: in ascending order."""
    major = seen_major([each.major for each in versions], pin)
    return max(each for each in versions if each.major == major)


def _versions(versions: Any, root: Path) -> dict[str, str]:
    if not isinstance(versions, dict) or not all(isinstance(digest, str) for digest in versions.values()):
        raise InvalidContract(f"{root / SCHEMAS}: this must name a digest for each version of each event type.")
    return versions
