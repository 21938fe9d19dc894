"""Consumer contracts: files in which the teams that read events record the parts of the data on which their programs rely.

`contracts/consumers/<name>.json` has one entry for each event type and major version that the consumer reads: the properties that
the consumer needs (`required`), the properties that the consumer uses if they are present (`optional`), and examples of data that
the consumer accepts (`accepts`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.specification.contract_files import entries, read_valid_json
from app.specification.errors import InvalidContract
from app.specification.schema.schema import compile_schema
from app.specification.strict_json import JsonValue

FOLDER: Final = "contracts/consumers"

_POINTERS: Final[dict[str, JsonValue]] = {
    "description": "JSON pointers (RFC 6901) into the data.",
    "type": "array",
    "uniqueItems": True,
    "items": {"type": "string", "pattern": "^(/([^/~]|~[01])+)+$"},
}
_READ: Final[dict[str, JsonValue]] = {
    "type": "object",
    "required": ["eventType", "majorVersion", "accepts"],
    "properties": {
        "eventType": {"type": "string"},
        "majorVersion": {"type": "integer", "minimum": 0},
        "required": _POINTERS,
        "optional": _POINTERS,
        "accepts": {"type": "array", "minItems": 1, "items": {"type": "object"}},
    },
    "additionalProperties": False,
}
_CONSUMER: Final = compile_schema(
    {
        "type": "object",
        "required": ["consumer", "reads"],
        "properties": {
            "consumer": {"type": "string"},
            "description": {"type": "string"},
            "reads": {"type": "array", "minItems": 1, "items": _READ},
        },
        "additionalProperties": False,
    },
    "A consumer contract",
)


@dataclass(frozen=True, slots=True)
class Consumer:
    """A consumer contract: a file that records which parts of events one consumer relies on.

    `name`: the name of the consumer.
    `reads`: one object for each event type and major version that the consumer reads.
    """

    name: str
    reads: Sequence[Mapping[str, Any]]

    @property
    def file(self) -> str:
        return f"{FOLDER}/{self.name}.json"


def read_consumers(root: Path) -> list[Consumer]:
    """Return the consumer contracts in the directory `root`; empty if `contracts/consumers` does not exist.

    A consumer contract records the parts of the data that a reader of events relies on. Raises InvalidContract if a file is
    wrong.
    """
    folder = root / FOLDER
    if not folder.exists():
        return []
    return [_read(path) for path in entries(folder)]


def _read(path: Path) -> Consumer:
    content = read_valid_json(path, _CONSUMER)
    if path.name != f"{content['consumer']}.json":
        raise InvalidContract(f"{path}: the file must have the name of its consumer, {content['consumer']}.json.")
    return Consumer(content["consumer"], content["reads"])
