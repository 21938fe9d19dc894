"""The data of an event in its two forms: a JSON object, as the log and the contract have it, and a message of Protocol Buffers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from app.specification.contracts import Contracts
from app.specification.derived.protobuf.proto_values import REPEATED, VALUE, Field, Message, ProtoFile
from app.specification.strict_json import JsonValue
from app.transports.grpc.messages.value_messages import json_value, value_arguments

JsonObject: TypeAlias = dict[str, JsonValue]

_Convert: TypeAlias = Callable[[Any], Any]

_LEAST_INTEGER: Final = -(2**63)
_LARGEST_INTEGER: Final = 2**63 - 1


class ObjectMessage:
    """A message that carries JSON objects of one form. Each property of an object has a field of the message.

    `message`: the message, with its fields and the properties that they carry.
    `messages`: all messages of the file, by name.
    `schema`: the JSON Schema of the objects, which says which properties are required.
    """

    def __init__(self, message: Message, messages: Mapping[str, Message], schema: Mapping[str, Any]) -> None:
        self._names = {field.json_name: field.name for field in message.fields}
        self._to_field: dict[str, _Convert] = {}
        self._to_property: dict[int, tuple[str, _Convert | None]] = {}
        self._empty_lists: list[str] = []
        for field in message.fields:
            properties = schema.get("properties", {}).get(field.json_name, {})
            nested = _nested(field, messages, properties)
            to_field, to_property = _conversions(field, nested)
            if to_field is not None:
                self._to_field[field.json_name] = to_field
            self._to_property[field.number] = field.json_name, to_property
            if field.label == REPEATED and field.json_name in schema.get("required", ()):
                self._empty_lists.append(field.json_name)

    def arguments(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """Return the keyword arguments with which to make the message that carries a JSON object.

        A property without a field is left out: it is of a version of the contract that this server does not have. Raises
        OverflowError if an integer has more than 64 bits.
        """
        names = self._names
        arguments = {names[name]: of_property for name, of_property in value.items() if name in names}
        for name, convert in self._to_field.items():
            if name in value:
                arguments[names[name]] = convert(value[name])
        return arguments

    def json_object(self, message: Any) -> JsonObject:
        """Return the JSON object that a message carries. A field that is not set becomes an absent property."""
        value: JsonObject = {name: [] for name in self._empty_lists}
        for field, of_field in message.ListFields():
            name, convert = self._to_property[field.number]
            value[name] = of_field if convert is None else convert(of_field)
        return value


class DataMessages:
    """The messages for the data of events: one for each event type and major version, which are members of the message `Event`.

    `file`: the `.proto` file that was derived from the contracts.
    """

    def __init__(self, file: ProtoFile, contracts: Contracts) -> None:
        messages = file.all_messages()
        self._by_version: dict[tuple[str, str], tuple[str, ObjectMessage]] = {}
        self._by_field: dict[str, tuple[str, ObjectMessage]] = {}
        self._versions: dict[str, str] = {}
        for (event_type, major), field in file.members.items():
            newest = max(version for version in contracts.versions(event_type) if version.major == major)
            data = ObjectMessage(messages[field.type], messages, contracts.get(event_type, newest).schema)
            self._by_version[event_type, str(major)] = field.name, data
            self._by_field[field.name] = event_type, data
            if major != contracts.default_version(event_type).major:
                self._versions[field.name] = str(newest)

    def arguments(self, event_type: str, schema_version: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return the keyword argument of `Event` that carries the data.

        There is none if the contract does not have the type or version, or if an integer of the data, such as 1e300, has more than
        64 bits. Then a client sees the event without its data.
        """
        found = self._by_version.get((event_type, schema_version.partition(".")[0]))
        try:
            return {} if found is None else {found[0]: found[1].arguments(data)}
        except OverflowError:
            return {}

    def version(self, event: Any) -> str | None:
        """Return the schema version of a message `Event` that names none; None if that is the default version of its type.

        A message of another major version than the default stands for the newest version of its own.
        """
        return self._versions.get(event.WhichOneof("data"))

    def json_object(self, event: Any) -> tuple[str, JsonObject] | None:
        """Return the event type and the data of a message `Event`; None if the data are not set."""
        member = event.WhichOneof("data")
        if member is None:
            return None
        event_type, of_data = self._by_field[member]
        return event_type, of_data.json_object(getattr(event, member))


def _nested(field: Field, messages: Mapping[str, Message], schema: Mapping[str, Any]) -> ObjectMessage | None:
    if field.type not in messages:
        return None
    return ObjectMessage(messages[field.type], messages, schema.get("items", schema))


def _conversions(field: Field, nested: ObjectMessage | None) -> tuple[_Convert | None, _Convert | None]:
    """Return the functions that convert a value from JSON to a field, and from a field to JSON; None if nothing is to be done."""
    single: tuple[_Convert | None, _Convert | None] = (None, None)
    if nested is not None:
        single = nested.arguments, nested.json_object
    elif field.type == VALUE:
        single = value_arguments, json_value
    elif field.type == "int64":
        single = _integer, None
    if field.label != REPEATED:
        return single
    return tuple(_each(convert) for convert in single)  # type: ignore[return-value]  # of two


def _each(convert: _Convert | None) -> Callable[[Sequence[Any]], list[Any]]:
    return list if convert is None else lambda values: [convert(value) for value in values]


def _integer(value: float) -> int:
    integer = int(value)  # 1.0 is an integer in JSON
    if not _LEAST_INTEGER <= integer <= _LARGEST_INTEGER:
        raise OverflowError(f"{value} has more than 64 bits.")
    return integer
