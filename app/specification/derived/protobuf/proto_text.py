"""Write a Protocol Buffers file as the text of a `.proto` (proto3), with the descriptions of the contract as comments."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from textwrap import indent, wrap
from typing import Final

from app.specification.derived.protobuf.proto_types import default_json_name
from app.specification.derived.protobuf.proto_values import VALUE, Field, Message, Method, ProtoFile

PROTO: Final = "orders-events.proto"

_WIDTH: Final = 125
_INDENT: Final = "  "
_HEAD: Final = """\
// Derived from the contract by `orders-events proto`. The numbers of the fields are in contracts/field-numbers.json.
syntax = "proto3";

package {package};
"""
_IMPORT: Final = 'import "google/protobuf/struct.proto";\n'


def write_proto(file: ProtoFile) -> str:
    """Return the text of a `.proto` file."""
    uses_values = any(field.type == VALUE for message in file.all_messages().values() for field in message.fields)
    parts = [
        _HEAD.format(package=file.package),
        *([_IMPORT] if uses_values else []),
        _block(f"service {file.service}", (_method(each) for each in file.methods)),
        *(_message(each) for each in file.messages),
    ]
    return "\n".join(parts)


def _method(method: Method) -> str:
    request = f"stream {method.request}" if method.streams_requests else method.request
    response = f"stream {method.response}" if method.streams_responses else method.response
    return f"{_comment(method.comment)}rpc {method.name}({request}) returns ({response});\n"


def _message(message: Message) -> str:
    name = message.name.rpartition(".")[2]
    return _comment(message.comment) + _block(f"message {name}", _members(message))


def _members(message: Message) -> Iterator[str]:
    yield from (_message(each) for each in message.messages)
    if message.reserved:
        yield f"reserved {', '.join(map(str, message.reserved))};\n"
    for oneof, fields in groupby(message.fields, lambda field: field.oneof):
        lines = [_field(each) for each in fields]
        yield from [_block(f"oneof {oneof}", lines)] if oneof else lines


def _field(field: Field) -> str:
    options = "" if field.json_name == default_json_name(field.name) else f' [json_name = "{field.json_name}"]'
    return f"{_comment(field.comment)}{field.declared} {field.name} = {field.number}{options};\n"


def _block(head: str, members: Iterator[str] | list[str]) -> str:
    body = indent("".join(members), _INDENT)
    return f"{head} {{\n{body}}}\n" if body else f"{head} {{}}\n"


def _comment(text: str) -> str:
    lines = [line for paragraph in text.splitlines() for line in wrap(paragraph, _WIDTH) or [""]]
    return "".join(f"// {line}".rstrip() + "\n" for line in lines)
