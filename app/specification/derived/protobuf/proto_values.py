"""A Protocol Buffers file (proto3) as values: its messages, their fields, and one service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

OPTIONAL: Final = "optional"
REPEATED: Final = "repeated"
IMPLICIT: Final = ""  # a field without a label: its zero value and its absence are the same

VALUE: Final = "google.protobuf.Value"
SCALARS: Final[Mapping[str, str]] = {"string": "string", "integer": "int64", "number": "double", "boolean": "bool"}
"""A mapping from the types of JSON Schema to the scalar types of Protocol Buffers."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a message.

    `json_name`: the name of the JSON property that the field carries, which is also its name in ProtoJSON.
    `type`: a scalar type, `google.protobuf.Value`, or the name of a message of the same file, such as `OrderShippedV1`.
    `label`: OPTIONAL, REPEATED or IMPLICIT.
    `oneof`: the name of the oneof that the field belongs to; None if it belongs to none.
    """

    name: str
    json_name: str
    number: int
    type: str
    label: str = IMPLICIT
    oneof: str | None = None
    comment: str = ""

    @property
    def declared(self) -> str:
        """The label and the type as they are in a `.proto` file, such as `optional string`."""
        return f"{self.label} {self.type}".strip()


@dataclass(frozen=True, slots=True)
class Message:
    """A message: its fields in the order of their numbers, and the messages that are declared inside it.

    `name`: the name within the package; the name of a nested message has a dot, such as `OrderReturnedV1.Items`.
    `reserved`: the numbers of fields that were removed, which no other field may use.
    """

    name: str
    fields: tuple[Field, ...]
    messages: tuple[Message, ...] = ()
    reserved: tuple[int, ...] = ()
    comment: str = ""

    def field(self, json_name: str) -> Field | None:
        """Return the field that carries a JSON property; None if there is none."""
        return next((field for field in self.fields if field.json_name == json_name), None)

    def all(self) -> Iterator[Message]:
        """Yield this message, and then every message that is declared inside it, at any depth."""
        yield self
        for message in self.messages:
            yield from message.all()


@dataclass(frozen=True, slots=True)
class Method:
    """A method of a service. `streams_requests`, `streams_responses`: whether that side sends any number of messages."""

    name: str
    request: str
    response: str
    streams_requests: bool = False
    streams_responses: bool = False
    comment: str = ""


@dataclass(frozen=True, slots=True)
class ProtoFile:
    """A `.proto` file with one service.

    `path`: the path from which other files would import it.
    `members`: for each event type and major version, the field of the message `Event` that carries the data of such an event.
    """

    path: str
    package: str
    service: str
    methods: tuple[Method, ...]
    messages: tuple[Message, ...]
    members: Mapping[tuple[str, int], Field]

    def all_messages(self) -> Mapping[str, Message]:
        """Return every message of the file by its name, also the nested ones."""
        return {each.name: each for message in self.messages for each in message.all()}
