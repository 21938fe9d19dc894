"""Write the folder of a new contract: the document, the schema of one event type with examples, events to publish, and a README."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import Final

from app import compatibility
from app.new_contract.event_names import EventNames
from app.new_contract.new_document import KEPT, new_document
from app.specification.contracts import CONTROL_PREFIX, ORDER_ID_PATTERN
from app.specification.errors import InvalidContract
from app.specification.marked_properties import KEY
from app.specification.pointer import DOCUMENT
from app.specification.schema.dialect import DRAFT
from app.specification.strict_json import JsonValue

EVENTS: Final = "events.ndjson"
README: Final = "README.md"
_README: Final = Path(__file__).parent / "readme.txt"
_WHEN: Final = ("2024-05-01T10:00:00Z", "2024-05-01T12:30:00+02:00", "2024-05-01T10:45:00Z")


def write_contract(folder: Path, names: EventNames, built_in: Path) -> None:
    """Write a new contract into an empty folder, and record it as released, so that `orders-events contracts` accepts it.

    `built_in`: the folder of the built-in contract, from which the document and the control events are taken.
    Raises InvalidContract if no contract can be made for this event type, because the document has something of its name.
    """
    for name, text in _files(names, built_in):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    for control in (built_in / "contracts").glob(f"{CONTROL_PREFIX}*"):
        _copy_control_event(control, folder / "contracts" / control.name, names)
    compatibility.number(folder)
    report = compatibility.release(folder)
    if report.findings:
        raise InvalidContract(f"No contract can be made for {names.event_type!r}: {report.findings[0].change}")


def _copy_control_event(built_in: Path, folder: Path, names: EventNames) -> None:
    """Copy the contract of a control event, with the new event type in its examples."""
    shutil.copytree(built_in, folder)
    for example in folder.glob("*/examples/*.json"):
        example.write_text(example.read_text("utf-8").replace(KEPT, names.event_type), "utf-8")


def _files(names: EventNames, built_in: Path) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each file that is particular to the event type."""
    contract = f"contracts/{names.event_type}/1.0.0"
    example: dict[str, JsonValue] = {names.key: f"{names.subject}_1", "when": _WHEN[0]}
    yield DOCUMENT, new_document((built_in / DOCUMENT).read_text("utf-8"), names)
    yield f"{contract}/schema.json", _json(_schema(names))
    yield f"{contract}/examples/valid-utc.json", _json(example)
    yield f"{contract}/examples/valid-offset.json", _json({**example, "when": _WHEN[1]})
    yield f"{contract}/examples/invalid-without-when.json", _json({names.key: example[names.key]})
    yield f"{contract}/examples/invalid-unknown-property.json", _json({**example, "unknown": True})
    yield EVENTS, "".join(f"{json.dumps(event)}\n" for event in _events(names))
    yield README, Template(_README.read_text("utf-8")).substitute(_words(names))


def _schema(names: EventNames) -> JsonValue:
    return {
        "$schema": DRAFT,
        "$id": f"urn:orders-events:contract:{names.event_type}:1.0.0",
        "title": names.component,
        "description": f"{names.sentence}.",
        "type": "object",
        "required": [names.key, "when"],
        "properties": {
            names.key: {
                "description": f"The {names.words} that the event is about; readers filter by it.",
                "type": "string",
                "pattern": ORDER_ID_PATTERN,
                KEY: True,
            },
            "when": {
                "description": "When it happened: an RFC 3339 date and time with its offset, kept as the producer wrote it.",
                "type": "string",
                "format": "date-time",
                "maxLength": 64,
            },
        },
        "additionalProperties": False,
    }


def _events(names: EventNames) -> Iterator[JsonValue]:
    for number, when in enumerate(_WHEN, 1):
        key = f"{names.subject}_{number}"
        yield {
            "eventType": names.event_type,
            "eventId": f"{key}-{names.happened}",
            "data": {names.key: key, "when": when},
        }


def _words(names: EventNames) -> dict[str, str]:
    return {
        "title": names.title,
        "type": names.event_type,
        "component": names.component,
        "key": names.key,
        "subject": names.subject,
        "plural": names.plural,
        "words": names.words,
    }


def _json(value: JsonValue) -> str:
    return f"{json.dumps(value, indent=2)}\n"
