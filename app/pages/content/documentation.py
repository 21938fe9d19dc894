"""The content of the whole documentation as Python values (the contract and the server's settings), for the page templates."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from app.pages.content.event_catalogue import EventType, read_catalogue
from app.pages.content.event_key import EventKey
from app.pages.content.operation_reference import OperationDocs, read_operations
from app.pages.content.problem_kinds import ProblemKind, read_problem_kinds
from app.pages.markup.commands import publish_command, read_command
from app.pages.markup.schema_rows import alternatives
from app.specification.contracts import Contracts
from app.specification.derived.frame_text import frame_text
from app.specification.derived.openapi_3_2 import STREAM
from app.specification.derived.protobuf.proto_text import PROTO
from app.specification.document import OpenApiDocument
from app.specification.marked_properties import key_name
from app.specification.openapi.bundle import inline
from app.specification.openapi.statements.promises import PROMISES
from app.specification.openapi.structure import operations
from app.specification.pointer import contract_error
from app.specification.strict_json import JsonValue

DOCUMENTS: Final = {
    "openapi.yaml": "OpenAPI 3.0, YAML",
    "openapi.json": "OpenAPI 3.0, JSON",
    "openapi-3.2.json": "OpenAPI 3.2",
    "openapi-clients.json": "OpenAPI 3.0 for generators of clients",
    "asyncapi.json": "AsyncAPI 3.1",
    PROTO: "Protocol Buffers",
}
"""The machine-readable documents that a contract may have, with their labels."""


class SettingDocs(NamedTuple):
    """A setting of the server: its command-line flag, its environment variable, its default, and its help text.

    `default`: an empty string if the setting is off by default.
    """

    flag: str
    variable: str
    default: str
    help: str


@dataclass(frozen=True, slots=True)
class StreamDocs:
    """The documentation of the operation that returns the event stream.

    `parameters`: its query parameters.
    `frames`: the schema of each kind of frame, by event type.
    `examples`: example frames, as the text that the server sends.
    """

    operation_id: str
    path: str
    parameters: list[Mapping[str, Any]]
    frames: Mapping[str, Mapping[str, Any]]
    examples: list[str]


@dataclass(frozen=True, slots=True)
class OperationGroup:
    """The operations that have the same tag, with the name and the description of the tag."""

    name: str
    description: str
    operations: list[OperationDocs]


@dataclass(frozen=True, slots=True)
class Documentation:
    """The contract and the server's settings, as the documentation pages show them.

    `promises`: the promises of the contract as data, each as text, by name; empty if the contract has none.
    `needs_tokens`: whether any request needs a token.
    """

    title: str
    version: str
    description: str
    promises: Mapping[str, str]
    stream: StreamDocs
    groups: list[OperationGroup]
    catalogue: list[EventType]
    problems: list[ProblemKind]
    documents: Mapping[str, str]
    settings: Sequence[SettingDocs]
    needs_tokens: bool

    @property
    def operations(self) -> list[OperationDocs]:
        return [operation for group in self.groups for operation in group.operations]

    def watch(self, event_type: str) -> str:
        """Return the curl command that shows the events of one event type as they arrive."""
        return read_command(self.stream.path, streams=True, query=f"eventTypes={event_type}")

    def publish(self, event: EventType) -> str:
        """Return the curl command that publishes the simplest example of an event type."""
        return publish_command(self.stream.path, {"eventType": event.name, "data": event.sample})

    @property
    def repeatable_event(self) -> JsonValue:
        """The simplest example of an event type with an id of its own, so that it can be sent again."""
        event = next(event for event in self.catalogue if event.kind == "order")
        key = event.sample.get(self.key.name) if isinstance(event.sample, dict) else None
        event_id = f"{key}-{event.name.rpartition('.')[2]}"
        return {"eventType": event.name, "eventId": event_id, "data": event.sample}

    def types(self, kind: str) -> list[str]:
        """Return the names of the event types of one kind.

        `kind`: "order" (producers publish such events) or "control" (only the server sends such events).
        """
        return [event.name for event in self.catalogue if event.kind == kind]

    @property
    def key(self) -> EventKey:
        """The property of the data that has the key, for each event type that can be published."""
        published = (event for event in self.catalogue if event.kind == "order")
        return EventKey({each.name: key_name(each.versions[-1].schema) for each in published})

    @property
    def samples(self) -> str:
        """A JSON object with an example event for each event type that can be published; a form on a page reads it."""
        published = (event for event in self.catalogue if event.kind == "order")
        return json.dumps({each.name: {"eventType": each.name, "data": each.sample} for each in published})


def read_documentation(
    document: OpenApiDocument, contracts: Contracts, contracts_folder: Path, settings: Sequence[SettingDocs]
) -> Documentation:
    """Return the content of the documentation pages, read from a contract that has already been checked.

    Raises InvalidContract if no operation returns an event stream, or if an example file can no longer be read.
    """
    inlined = inline(document.bundled)
    stream = _stream(inlined)
    info = inlined["info"]
    return Documentation(
        title=info["title"],
        version=info["version"],
        description=info.get("description", ""),
        promises={name: json.dumps(value) for name, value in inlined.get(PROMISES, {}).items()},
        stream=stream,
        groups=_groups(read_operations(inlined), inlined.get("tags", ())),
        catalogue=read_catalogue(contracts, contracts_folder, stream.frames),
        problems=read_problem_kinds(inlined),
        documents={name: label for name, label in DOCUMENTS.items() if f"/{name}" in inlined["paths"]},
        settings=settings,
        needs_tokens=any(each.content.get("security") for each in operations(inlined)),
    )


def _groups(all_operations: list[OperationDocs], tags: Iterable[Mapping[str, str]]) -> list[OperationGroup]:
    """Return the operations grouped by tag: first the tags that the document declares, in their order, then all other tags."""
    described = {tag["name"]: tag.get("description", "") for tag in tags}
    names = dict.fromkeys((*described, *(operation.tag for operation in all_operations)))
    groups = [
        OperationGroup(name, described.get(name, ""), [each for each in all_operations if each.tag == name])
        for name in names
    ]
    return [group for group in groups if group.operations]


def _stream(inlined: Mapping[str, Any]) -> StreamDocs:
    for each in operations(inlined):
        streamed = each.content["responses"].get("200", {}).get("content", {}).get(STREAM)
        if streamed is not None:
            examples = [example["value"] for example in streamed.get("examples", {}).values()]
            return StreamDocs(
                operation_id=each.content["operationId"],
                path=each.path,
                parameters=[
                    parameter for parameter in each.content.get("parameters", ()) if parameter["in"] == "query"
                ],
                frames=dict(alternatives(streamed["schema"])),
                examples=[frame_text(example) for example in examples],
            )
    raise contract_error(("paths",), f"no operation answers with {STREAM}")
