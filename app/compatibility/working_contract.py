"""Read the present contract from the working tree: the event schemas and the OpenAPI document, as far as they are valid.

An error that would prevent the server from starting becomes a finding of the compatibility gate; the rest of the contract is
still compared with its released form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.compatibility.finding import Finding
from app.compatibility.released.schema_files import SchemaFile, contracts_of, read_schema_files
from app.specification.contracts import Contracts, load_contracts
from app.specification.derived.protobuf.field_numbers import Numbering
from app.specification.document import load_document
from app.specification.errors import InvalidContract
from app.specification.openapi.bundle import CONTRACT, bundle, inline
from app.specification.openapi.source import read_source
from app.specification.openapi.structure import check_version
from app.specification.openapi.validity.judgement import judgement_of
from app.specification.pointer import DOCUMENT, Pointer


@dataclass(frozen=True, slots=True)
class WorkingContract:
    """The contract as it is now in the working tree.

    `schemas`: the files with event schemas.
    `document`: the OpenAPI document with the event schemas copied into it; None if the document cannot be read or is invalid.
    `components`: the event type and version of each component that is an event schema, by the component's JSON pointer.
    `numbering`: the field numbers of the derived `.proto`; None if the `.proto` cannot be derived.
    `errors`: a finding for each error that would prevent the server from starting.
    """

    schemas: Sequence[SchemaFile]
    document: Mapping[str, Any] | None
    components: Mapping[Pointer, tuple[str, str]]
    numbering: Numbering | None
    errors: Sequence[Finding]


def read_working_contract(root: Path) -> WorkingContract:
    """Read the contract in the directory `root`; an error in the contract is not raised but returned as a finding."""
    schemas = read_schema_files(root / "contracts")
    contracts = contracts_of(schemas)
    errors: list[Finding] = []
    complete: Contracts | None = None
    try:
        complete = load_contracts(root / "contracts")
    except InvalidContract as error:
        errors.append(_finding("contracts-invalid", "contracts", error))
    source: Mapping[str, Any] = {}
    document: Mapping[str, Any] | None = None
    numbering: Numbering | None = None
    try:
        source = read_source(root)
        document = _comparable(source, bundle(source, contracts))
        numbering = None if complete is None else load_document(root, complete).numbering
    except InvalidContract as error:
        errors.append(_finding("document-invalid", DOCUMENT, error))
    return WorkingContract(schemas, document, _components(source), numbering, errors)


def _comparable(source: Mapping[str, Any], bundled: dict[str, Any]) -> dict[str, Any]:
    check_version(source)
    judgement_of(bundled).check_structure()
    inline(bundled)  # raises if a reference leads nowhere or in a circle
    return bundled


def _components(source: Mapping[str, Any]) -> dict[Pointer, tuple[str, str]]:
    found: dict[Pointer, tuple[str, str]] = {}
    for name, schema in source.get("components", {}).get("schemas", {}).items():
        contract = CONTRACT.fullmatch(str(schema.get("$ref", "")))
        if contract is not None:
            found["components", "schemas", name] = (contract["event_type"], contract["version"])
    return found


def _finding(rule: str, place: str, error: InvalidContract) -> Finding:
    return Finding(rule, place, "", "", error.detail, "Correct it: the server does not start with it.")
