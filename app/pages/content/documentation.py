"""What the pages are about: a contract, read once into the values that the templates show."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.pages.content.event_catalogue import EventType, read_catalogue
from app.pages.content.operation_reference import Entry, read_reference
from app.pages.content.problem_kinds import ProblemKind, read_problem_kinds
from app.pages.markup.commands import publish_command, read_command
from app.pages.markup.schema_rows import alternatives
from app.specification.contracts import Contracts
from app.specification.derived.frame_text import frame_text
from app.specification.derived.openapi_3_2 import STREAM
from app.specification.document import OpenApiDocument
from app.specification.openapi.bundle import inline
from app.specification.openapi.structure import operations
from app.specification.pointer import fault

DOCUMENTS: Final = {
    "openapi.yaml": "OpenAPI 3.0, YAML",
    "openapi.json": "OpenAPI 3.0, JSON",
    "openapi-3.2.json": "OpenAPI 3.2",
    "asyncapi.json": "AsyncAPI 3.0",
}
"""The documents for programs, as far as a contract has them."""


@dataclass(frozen=True, slots=True)
class Stream:
    """The operation that streams: its name, its path, its query parameters, its frames by event type, all inlined, and frames as text."""

    operation_id: str
    path: str
    parameters: list[Mapping[str, Any]]
    frames: Mapping[str, Mapping[str, Any]]
    shown: list[str]


@dataclass(frozen=True, slots=True)
class Group:
    """The operations of one tag."""

    name: str
    description: str
    entries: list[Entry]


@dataclass(frozen=True, slots=True)
class Book:
    """A contract as people read it."""

    title: str
    version: str
    description: str
    stream: Stream
    groups: list[Group]
    catalogue: list[EventType]
    problems: list[ProblemKind]
    documents: Mapping[str, str]

    @property
    def entries(self) -> list[Entry]:
        return [entry for group in self.groups for entry in group.entries]

    def watch(self, event_type: str) -> str:
        """Write the command that shows only one type of event."""
        return read_command(self.stream.path, streams=True, query=f"eventTypes={event_type}")

    def publish(self, event: EventType) -> str:
        """Write the command that publishes the simplest example of an event type."""
        return publish_command(self.stream.path, {"eventType": event.name, "data": event.sample})

    def types(self, kind: str) -> list[str]:
        """List the event types of a kind."""
        return [event.name for event in self.catalogue if event.kind == kind]

    @property
    def samples(self) -> str:
        """An event of each type that is published, as JSON by type, for those who try."""
        published = (event for event in self.catalogue if event.kind == "order")
        return json.dumps({each.name: {"eventType": each.name, "data": each.sample} for each in published})


def read_book(document: OpenApiDocument, contracts: Contracts, contracts_folder: Path) -> Book:
    """Read a contract that has been checked. Raises InvalidContract where nothing in it streams, or files are gone."""
    inlined = inline(document.bundled)
    stream = _stream(inlined)
    info = inlined["info"]
    return Book(
        title=info["title"],
        version=info["version"],
        description=info.get("description", ""),
        stream=stream,
        groups=_groups(read_reference(inlined), inlined.get("tags", ())),
        catalogue=read_catalogue(contracts, contracts_folder, stream.frames),
        problems=read_problem_kinds(inlined),
        documents={name: label for name, label in DOCUMENTS.items() if f"/{name}" in inlined["paths"]},
    )


def _groups(entries: list[Entry], tags: Iterable[Mapping[str, str]]) -> list[Group]:
    """Put the operations below their tags, which come in the order in which they are declared, or else used."""
    described = {tag["name"]: tag.get("description", "") for tag in tags}
    names = dict.fromkeys((*described, *(entry.tag for entry in entries)))
    groups = [Group(name, described.get(name, ""), [each for each in entries if each.tag == name]) for name in names]
    return [group for group in groups if group.entries]


def _stream(inlined: Mapping[str, Any]) -> Stream:
    for each in operations(inlined):
        streamed = each.content["responses"].get("200", {}).get("content", {}).get(STREAM)
        if streamed is not None:
            examples = [example["value"] for example in streamed.get("examples", {}).values()]
            return Stream(
                operation_id=each.content["operationId"],
                path=each.path,
                parameters=[
                    parameter for parameter in each.content.get("parameters", ()) if parameter["in"] == "query"
                ],
                frames=dict(alternatives(streamed["schema"])),
                shown=[frame_text(example) for example in examples],
            )
    raise fault(("paths",), f"no operation answers with {STREAM}")
