"""Read the event schemas file by file. An invalid file is kept as well, so that the other files can still be checked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from app.specification.contract_files import read_deprecation, read_json
from app.specification.contracts import Contracts, EventContract
from app.specification.errors import InvalidContract
from app.specification.schema.schema import compile_schema
from app.specification.version import Version, parse_version


@dataclass(frozen=True, slots=True)
class SchemaFile:
    """One file `contracts/<event type>/<version>/schema.json`.

    `digest`: the SHA-256 of the file in hexadecimal.
    `contract`: the compiled schema; None if the schema is invalid.
    """

    event_type: str
    version: Version
    digest: str
    contract: EventContract | None

    @property
    def place(self) -> str:
        return f"contracts/{self.event_type}/{self.version}/schema.json"


def read_schema_files(folder: Path) -> list[SchemaFile]:
    """Read every `<event type>/<version>/schema.json` in a folder; return the files ordered by event type and version."""
    paths = [path for path in folder.glob("*/*/schema.json") if path.is_file()]
    files = [_read(path, version) for path in paths if (version := parse_version(path.parts[-2])) is not None]
    return sorted(files, key=lambda each: (each.event_type, each.version))


def contracts_of(files: Iterable[SchemaFile]) -> Contracts:
    """Return the event contracts of all files whose schema is valid."""
    return Contracts(each.contract for each in files if each.contract is not None)


def _read(path: Path, version: Version) -> SchemaFile:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return SchemaFile(path.parts[-3], version, digest, _contract(path, version))


def _contract(path: Path, version: Version) -> EventContract | None:
    try:
        schema = read_json(path)
        if not isinstance(schema, dict):
            return None
        deprecation = read_deprecation(path.parent)
        return EventContract(path.parts[-3], version, schema, compile_schema(schema, str(path)), deprecation)
    except InvalidContract:
        return None  # `load_contracts` reports the reason
