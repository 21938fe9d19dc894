"""Read the event schemas and their tables file by file. An invalid file is kept as well, so that the other files can still be checked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.specification.contract_files import read_deprecation, read_json
from app.specification.contracts import Contracts, EventContract
from app.specification.conversion.table_pair import TABLES
from app.specification.errors import InvalidContract
from app.specification.schema.schema import compile_schema
from app.specification.version import Version, parse_version


@dataclass(frozen=True, slots=True)
class SchemaFile:
    """One file `contracts/<event type>/<version>/schema.json`, and the tables beside it.

    `digest`: the SHA-256 of the file in hexadecimal. `tables`: that of each table, by the name of its file.
    `contract`: the compiled schema; None if the schema is invalid.
    """

    event_type: str
    version: Version
    digest: str
    contract: EventContract | None
    tables: Mapping[str, str]

    @property
    def place(self) -> str:
        return f"contracts/{self.event_type}/{self.version}/schema.json"

    @property
    def digests(self) -> dict[str, str]:
        """The digests of all files that never change once they are released, by the names under which they are recorded."""
        return {
            str(self.version): self.digest,
            **{f"{self.version}/{name}": each for name, each in self.tables.items()},
        }


def read_schema_files(folder: Path) -> list[SchemaFile]:
    """Read every `<event type>/<version>/schema.json` in a folder; return the files ordered by event type and version."""
    paths = [path for path in folder.glob("*/*/schema.json") if path.is_file()]
    files = [_read(path, version) for path in paths if (version := parse_version(path.parts[-2])) is not None]
    return sorted(files, key=lambda each: (each.event_type, each.version))


def contracts_of(files: Iterable[SchemaFile]) -> Contracts:
    """Return the event contracts of all files whose schema is valid."""
    return Contracts(each.contract for each in files if each.contract is not None)


def _read(path: Path, version: Version) -> SchemaFile:
    tables = {name: _digest(path.with_name(name)) for name in TABLES if path.with_name(name).is_file()}
    return SchemaFile(path.parts[-3], version, _digest(path), _contract(path, version), tables)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _contract(path: Path, version: Version) -> EventContract | None:
    try:
        schema = read_json(path)
        if not isinstance(schema, dict):
            return None
        deprecation = read_deprecation(path.parent)
        return EventContract(path.parts[-3], version, schema, compile_schema(schema, str(path)), deprecation)
    except InvalidContract:
        return None  # `load_contracts` reports the reason
