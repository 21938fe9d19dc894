"""The content of the page about events: each event type with its versions, schemas and examples, from the contract files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from app.pages.content.major_views import MajorView, major_view
from app.pages.content.schema_changes import changes
from app.specification.contract_files import entries, read_json
from app.specification.contracts import Contracts, EventContract
from app.specification.deprecation import Deprecation
from app.specification.derived.frame_text import frame_text
from app.specification.schema.schema import Violation
from app.specification.strict_json import JsonValue

_VIOLATIONS = 10  # the server reports at most as many for one event


@dataclass(frozen=True, slots=True)
class Example:
    """An example of valid data of an event.

    `name`: the title of the example, made from its file name.
    `json`: the data as text.
    `wire`: the stream frame with this data, as the text that the server sends.
    """

    name: str
    json: str
    wire: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """An example of invalid data of an event, and the violations that the server would report.

    `name`: the title of the example, made from its file name.
    `json`: the data as text.
    """

    name: str
    json: str
    violations: list[Violation]


@dataclass(frozen=True, slots=True)
class EventVersion:
    """One version of an event type, as the page about events shows it.

    `deprecation`: since when it is deprecated, and when it ends; None if it is not deprecated.
    `is_default`: whether this version applies to a published event that does not state its version.
    `previous`: the version before this version; None if this version is the first.
    `changed`: the differences from the previous version, as Markdown sentences.
    `older_view`: what readers of the major version before see of such events; None if there is none.
    """

    version: str
    deprecation: Deprecation | None
    is_default: bool
    schema: Mapping[str, Any]
    examples: list[Example]
    refusals: list[Refusal]
    previous: str | None
    changed: list[str]
    older_view: MajorView | None = None

    @property
    def first_data(self) -> JsonValue:
        """The data of the simplest (shortest) example of this version."""
        data: JsonValue = json.loads(self.examples[0].json)
        return data


@dataclass(frozen=True, slots=True)
class EventType:
    """An event type, as the page about events shows it: the schema of its stream frame, and its versions, newest first."""

    name: str
    kind: Literal["order", "control"]
    frame: Mapping[str, Any]
    versions: list[EventVersion]

    @property
    def sample(self) -> JsonValue:
        """The data of an example event that can be published without stating its version."""
        return next(version for version in self.versions if version.is_default).first_data


def read_catalogue(contracts: Contracts, folder: Path, frames: Mapping[str, Mapping[str, Any]]) -> list[EventType]:
    """Return the event types of the contract with their versions and examples, for the page about events.

    `folder`: the folder with the event contracts.
    `frames`: the schema of the stream frame of each event type, without references; it determines the order.
    Raises InvalidContract if an example file can no longer be read.
    """
    return [
        EventType(
            name,
            "order" if name in contracts.event_types else "control",
            frame,
            list(_versions(contracts, folder / name, name, frame)),
        )
        for name, frame in frames.items()
    ]


def _versions(contracts: Contracts, folder: Path, name: str, frame: Mapping[str, Any]) -> Iterator[EventVersion]:
    names = contracts.versions(name)
    for index in reversed(range(len(names))):
        contract = contracts.get(name, names[index])
        previous = contracts.get(name, names[index - 1]) if index else None
        yield EventVersion(
            version=str(contract.version),
            deprecation=contract.deprecation,
            is_default=contract.version == contracts.default_version(name),
            schema=contract.schema,
            examples=[_example(each, value, name, frame) for each, value in _values(folder, contract, "valid")],
            refusals=[
                Refusal(each, _pretty(value), contract.compiled.violations(value, _VIOLATIONS)[0])
                for each, value in _values(folder, contract, "invalid")
            ],
            previous=str(previous.version) if previous else None,
            changed=changes(previous.schema, contract.schema) if previous else [],
            older_view=major_view(contract, folder / str(contract.version), {"id": _id({}, frame), "event": name}),
        )


def _values(folder: Path, contract: EventContract, verdict: str) -> Iterator[tuple[str, JsonValue]]:
    found = [
        (path.stem.removeprefix(f"{verdict}-").replace("-", " "), read_json(path))
        for path in entries(folder / str(contract.version) / "examples")
        if path.stem.startswith(f"{verdict}-")
    ]
    yield from sorted(found, key=lambda each: len(_pretty(each[1])))  # the simplest first


def _example(name: str, value: JsonValue, event_type: str, frame: Mapping[str, Any]) -> Example:
    # Not every frame has an id on the wire; the schema of the frame requires it if it has.
    shown = {"id": _id(value, frame)} if "id" in frame["required"] else {}
    fields = {**shown, "event": event_type, "data": value}
    return Example(name, _pretty(value), frame_text(fields))


def _id(value: JsonValue, frame: Mapping[str, Any]) -> str:
    """Return the event id to show with an example frame.

    The data of a `stream.gap` event (the server sends this event if a client missed events) contains the frame's own id as
    `earliest`, so this id is returned. For any other event, the result is the example id in the schema of the frame.
    """
    match value:
        case {"earliest": str(position)}:
            return position
        case _:
            return str(frame["properties"]["id"].get("example", "id-1"))


def _pretty(value: JsonValue) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
