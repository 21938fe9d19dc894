"""The field that a property of a JSON Schema becomes: its name, its type and its label.

| schema | type |
|---|---|
| `string`, `integer`, `number`, `boolean` | `string`, `int64`, `double`, `bool`; formats and enumerations are not types, so they can grow |
| `object` that lists all its properties | a message, nested in the message around it |
| `array` that cannot be empty, or is always there | `repeated` and the type of its items |
| any other | `google.protobuf.Value`: alternatives, other objects, arrays within arrays, arrays that may be both absent and empty |

A single value is `optional`, as a property that is absent differs from one that is empty or zero.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from app.specification.derived.protobuf.field_numbers import Numbering
from app.specification.derived.protobuf.proto_values import IMPLICIT, OPTIONAL, REPEATED, SCALARS, VALUE, Field, Message
from app.specification.errors import InvalidContract

Schema: TypeAlias = Mapping[str, Any]

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_WORD_START: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Property(NamedTuple):
    """A property of an object, and the type of the field that carries it.

    `message`: the schema of the object that the value, or each item of it, is; None if the field does not carry a message.
    """

    name: str
    type: str
    label: str = IMPLICIT
    comment: str = ""
    message: Schema | None = None
    oneof: str | None = None


def object_message(
    name: str, schemas: Sequence[Schema], numbering: Numbering, besides: Sequence[Property] = (), comment: str = ""
) -> Message:
    """Return the message that carries the objects of a schema.

    `schemas`: the schema in each of its versions within a major version, oldest first; the message has the properties of all.
    `besides`: properties that the message has as well.
    `comment`: the message's comment; if it is empty, the newest schema's description.
    Raises InvalidContract if a property cannot have a field.
    """
    latest = {each.name: each for each in besides}
    for schema in schemas:
        latest |= {key: _property(name, key, schema) for key in schema.get("properties", {})}
    nested = [
        object_message(each.type, [each.message], numbering) for each in latest.values() if each.message is not None
    ]
    description = str(schemas[-1].get("description", "")) if schemas else ""
    return numbered(name, latest.values(), numbering, comment=comment or description, messages=nested)


def numbered(
    name: str,
    properties: Iterable[Property],
    numbering: Numbering,
    *,
    comment: str = "",
    messages: Iterable[Message] = (),
) -> Message:
    """Return a message with a field for each property. Raises InvalidContract if the names of two fields meet."""
    fields: dict[str, Field] = {}
    for each in properties:
        field_name = snake_case(name, each.name)
        written = f"{each.label} {each.type}".strip()
        number = numbering.number(name, each.name, written)
        field = Field(field_name, each.name, number, each.type, each.label, each.oneof, each.comment)
        met = fields.setdefault(default_json_name(field_name), field)
        if met is not field:
            raise InvalidContract(
                f"{name}: the properties {met.json_name!r} and {each.name!r} would be the same field of Protocol Buffers, "
                f"{field_name}."
            )
    in_order = tuple(sorted(fields.values(), key=lambda field: field.number))
    removed = numbering.removed(name, {field.json_name for field in in_order})
    return Message(name, in_order, tuple(messages), removed, comment)


def parameter(name: str, schema: Schema, comment: str) -> Property:
    """Return a parameter of a request as a property. A text without a label: for parameters, empty is the same as absent."""
    type, label, _ = _type("", name, schema, required=False)
    return Property(name, type, IMPLICIT if (type, label) == ("string", OPTIONAL) else label, comment)


def snake_case(message: str, property: str) -> str:
    """Return the name of the field that carries a property: `order_id` for orderId.

    Raises InvalidContract if the property has a character that the name of a field cannot have.
    """
    if not _NAME.fullmatch(property):
        raise InvalidContract(
            f"{message}: the property {property!r} cannot be the name of a field of Protocol Buffers."
        )
    return _WORD_START.sub("_", property).lower()


def camel_case(name: str) -> str:
    """Return a name with capital letters in the place of dots and underscores: OrderShipped for order.shipped."""
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[._]", name))


def default_json_name(field: str) -> str:
    # The name in ProtoJSON; the compilers refuse two fields with the same.
    first, *words = field.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in words)


def _property(message: str, name: str, schema: Schema) -> Property:
    value = schema["properties"][name]
    type, label, of = _type(message, name, value, required=name in schema.get("required", ()))
    return Property(name, type, label, str(value.get("description", "")), of)


def _type(message: str, name: str, schema: Schema, *, required: bool) -> tuple[str, str, Schema | None]:
    if schema.get("type") == "array":
        if "items" not in schema or not (required or schema.get("minItems", 0) > 0):
            return VALUE, IMPLICIT, None
        type, of = _single(message, name, schema["items"])
        return type, REPEATED, of
    type, of = _single(message, name, schema)
    return type, OPTIONAL if type in SCALARS.values() else IMPLICIT, of


def _single(message: str, name: str, schema: Schema) -> tuple[str, Schema | None]:
    if schema.get("type") == "object" and schema.get("properties") and schema.get("additionalProperties") is False:
        return f"{message}.{camel_case(snake_case(message, name))}", schema
    return SCALARS.get(schema.get("type", ""), VALUE), None
