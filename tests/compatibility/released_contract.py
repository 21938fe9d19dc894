"""A copy of the repository's contract that counts as released, for a test to change."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import date
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from app.compatibility import Report, check, number, release
from app.specification.openapi.source import read_source
from app.specification.schema.schema import compile_schema
from app.specification.version import Step, Version, parse_version
from tests.support.contract_copy import ContractCopy

Edit = Callable[[Any], None]
"""Change a schema or a document in place."""

BASELINES = (
    "contracts/released.json",
    "openapi/released.json",
    "contracts/released-field-numbers.json",
    "contracts/released-dates.json",
)


class ReleasedContract:
    """A folder with `openapi/` and `contracts/`, and with baselines that record both as released."""

    def __init__(self, folder: Path, baselines: Mapping[str, bytes]) -> None:
        self.copy = ContractCopy(folder)
        self.root = folder
        for name, content in baselines.items():
            (folder / name).write_bytes(content)

    def check(self, today: date | None = None) -> Report:
        """Give numbers to new fields, as `contracts/README.md` says, and run the gate."""
        number(self.root)
        return check(self.root, today)

    def rules(self, today: date | None = None) -> list[str]:
        return sorted({finding.rule for finding in self.check(today).findings})

    def deprecate(self, event_type: str, version: str, **days: str) -> None:
        path = self.schema(event_type, version).with_name("deprecated.json")
        path.write_text(json.dumps({"deprecatedOn": "2027-01-01", **days}))

    def edit_document(self, edit: Edit) -> None:
        text = self.copy.document.read_text()
        document = json.loads(text) if text.startswith("{") else deepcopy(_parsed(text))
        edit(document)
        self.copy.document.write_text(json.dumps(document))  # JSON is YAML

    def schema(self, event_type: str, version: str) -> Path:
        return self.copy.contracts / event_type / version / "schema.json"

    def edit_schema(self, event_type: str, version: str, edit: Edit) -> None:
        path = self.schema(event_type, version)
        schema = json.loads(path.read_text())
        edit(schema)
        path.write_text(json.dumps(schema, indent=2))

    def newest(self, event_type: str) -> Version:
        return max(
            version for path in (self.copy.contracts / event_type).iterdir() if (version := parse_version(path.name))
        )

    def add_version(
        self, event_type: str, edit: Edit, step: Step = Step.MINOR, *, valid: object = None
    ) -> tuple[str, str]:
        """Add a version as `contracts/README.md` describes: copy the newest folder, edit the copy, refer to it in the document.

        Return the version that was the newest before, and the new one.
        """
        before, now = str(self.newest(event_type)), str(self.newest(event_type).next(step))
        folder = self.schema(event_type, now).parent
        shutil.copytree(self.schema(event_type, before).parent, folder)
        self.edit_schema(event_type, now, edit)
        if valid is not None:
            (folder / "examples" / "valid-new.json").write_text(json.dumps(valid))
        _correct_examples(folder)
        references = [f"../contracts/{event_type}/{each}/schema.json" for each in (before, now)]
        self.edit_document(lambda document: _refer(document, *references))
        self.list_versions(event_type)
        return before, now

    def remove_version(self, event_type: str, version: str) -> None:
        """Remove a version that the document does not refer to."""
        shutil.rmtree(self.schema(event_type, version).parent)
        self.list_versions(event_type)

    def list_versions(self, event_type: str) -> None:
        """List the versions of an event type in the document."""
        self.edit_document(lambda document: _list(document, event_type, self.copy.contracts / event_type))


def move(step: Step) -> Edit:
    """Return an edit that gives the document its next version."""

    def edit(document: Any) -> None:
        version = parse_version(document["info"]["version"])
        assert version is not None
        document["info"]["version"] = str(version.next(step))

    return edit


@lru_cache(maxsize=1)
def _parsed(text: str) -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        (Path(folder) / "openapi").mkdir()
        (Path(folder) / "openapi" / "orders-events.yaml").write_text(text)
        return read_source(Path(folder))


def release_as_it_is(folder: Path) -> dict[str, bytes]:
    """Release a copy of the repository's contract, on 2027-01-01; return the baseline files by path."""
    copy = ContractCopy(folder)
    for name in BASELINES:
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(copy.contracts / "consumers", ignore_errors=True)
    assert release(folder, date(2027, 1, 1)).findings == ()
    return {name: (folder / name).read_bytes() for name in BASELINES}


def _correct_examples(folder: Path) -> None:
    """Rename each example by the verdict of the edited schema."""
    schema = compile_schema(json.loads((folder / "schema.json").read_text()), "The edited schema")
    for index, path in enumerate(sorted((folder / "examples").iterdir())):
        verdict = "invalid" if schema.violations(json.loads(path.read_text()), 1)[1] else "valid"
        path.rename(path.with_name(f"{verdict}-number-{index}.json"))


def _refer(document: Any, before: str, now: str) -> None:
    for schema in document["components"]["schemas"].values():
        if schema.get("$ref") == before:
            schema["$ref"] = now


def _list(document: Any, event_type: str, folder: Path) -> None:
    """Let an event name the versions that have a folder. Control events are not published, so they name none."""
    versions = sorted(version for path in folder.iterdir() if (version := parse_version(path.name)))
    for schema in document["components"]["schemas"].values():
        properties = schema.get("properties", {})
        if properties.get("eventType", {}).get("enum") == [event_type] and "schemaVersion" in properties:
            properties["schemaVersion"]["enum"] = [str(version) for version in versions]


def put(*place: str | int, value: Any) -> Edit:
    """Return an edit that sets a value."""

    def edit(node: Any) -> None:
        for step in place[:-1]:
            node = node.setdefault(step, {}) if isinstance(node, dict) else node[step]
        node[place[-1]] = deepcopy(value)

    return edit


def drop(*place: str | int) -> Edit:
    """Return an edit that removes a value."""

    def edit(node: Any) -> None:
        for step in place[:-1]:
            node = node[step]
        del node[place[-1]]

    return edit


def add(*place: str | int, value: Any) -> Edit:
    """Return an edit that appends to a list."""

    def edit(node: Any) -> None:
        for step in place:
            node = node[step]
        node.append(deepcopy(value))

    return edit


def rename(*place: str | int, to: str) -> Edit:
    """Return an edit that renames a member."""

    def edit(node: Any) -> None:
        for step in place[:-1]:
            node = node[step]
        node[to] = node.pop(place[-1])

    return edit


def both(*edits: Edit) -> Edit:
    """Return an edit that makes several edits."""

    def edit(node: Any) -> None:
        for each in edits:
            each(node)

    return edit
