"""Build the descriptors and the message classes of the gRPC service, from the messages that were derived from the contract.

No Python is generated: the classes are made at the start, in a pool of their own, so that several contracts fit in one process.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from google.protobuf import descriptor_pb2, message_factory, struct_pb2
from google.protobuf.descriptor_pool import DescriptorPool

from app.specification.derived.protobuf.proto_values import (
    OPTIONAL,
    REPEATED,
    SCALARS,
    VALUE,
    Field,
    Message,
    Method,
    ProtoFile,
)

_FIELD: Final = descriptor_pb2.FieldDescriptorProto
_TYPES: Final[Mapping[str, Any]] = {name: getattr(_FIELD, f"TYPE_{name.upper()}") for name in SCALARS.values()}


class MessageClasses:
    """The message classes of a Protocol Buffers file, and the pool of descriptors that they are in.

    `full_name`: the name of the service with its package.
    """

    def __init__(self, file: ProtoFile) -> None:
        self.pool = DescriptorPool()
        self.pool.AddSerializedFile(struct_pb2.DESCRIPTOR.serialized_pb)
        self.pool.AddSerializedFile(file_descriptor(file).SerializeToString())
        self.full_name = f"{file.package}.{file.service}"
        self._classes = {name: self._class(f"{file.package}.{name}") for name in file.all_messages()}

    def __getitem__(self, name: str) -> Any:
        """Return the class of a message by its name within the package, such as `Event`; type checkers do not know its fields."""
        return self._classes[name]

    def _class(self, full_name: str) -> Any:
        return message_factory.GetMessageClass(self.pool.FindMessageTypeByName(full_name))


def file_descriptor(file: ProtoFile) -> descriptor_pb2.FileDescriptorProto:
    """Return the descriptor of a Protocol Buffers file, as a compiler makes it from the text of the `.proto`."""
    messages = file.all_messages().values()
    uses_values = any(field.type == VALUE for message in messages for field in message.fields)
    return descriptor_pb2.FileDescriptorProto(
        name=file.path,
        package=file.package,
        syntax="proto3",
        dependency=[struct_pb2.DESCRIPTOR.name] if uses_values else [],
        message_type=[_message(each, file.package) for each in file.messages],
        service=[
            descriptor_pb2.ServiceDescriptorProto(
                name=file.service, method=[_method(each, file.package) for each in file.methods]
            )
        ],
    )


def _method(method: Method, package: str) -> descriptor_pb2.MethodDescriptorProto:
    return descriptor_pb2.MethodDescriptorProto(
        name=method.name,
        input_type=f".{package}.{method.request}",
        output_type=f".{package}.{method.response}",
        client_streaming=method.streams_requests or None,
        server_streaming=method.streams_responses or None,
    )


def _message(message: Message, package: str) -> descriptor_pb2.DescriptorProto:
    oneofs = list(_oneofs(message))
    descriptor = descriptor_pb2.DescriptorProto(
        name=message.name.rpartition(".")[2],
        nested_type=[_message(each, package) for each in message.messages],
        oneof_decl=[descriptor_pb2.OneofDescriptorProto(name=name) for name in oneofs],
        reserved_range=[
            descriptor_pb2.DescriptorProto.ReservedRange(start=number, end=number + 1) for number in message.reserved
        ],
    )
    descriptor.field.extend(_field(each, package, oneofs) for each in message.fields)
    return descriptor


def _field(field: Field, package: str, oneofs: list[str]) -> descriptor_pb2.FieldDescriptorProto:
    descriptor = descriptor_pb2.FieldDescriptorProto(
        name=field.name,
        json_name=field.json_name,
        number=field.number,
        label=_FIELD.LABEL_REPEATED if field.label == REPEATED else _FIELD.LABEL_OPTIONAL,
        type=_TYPES.get(field.type, _FIELD.TYPE_MESSAGE),
    )
    if field.type not in _TYPES:
        descriptor.type_name = f".{field.type}" if field.type == VALUE else f".{package}.{field.type}"
    oneof = _oneof(field)
    if oneof is not None:
        descriptor.oneof_index = oneofs.index(oneof)
    if field.label == OPTIONAL:
        descriptor.proto3_optional = True
    return descriptor


def _oneofs(message: Message) -> Iterator[str]:
    """Yield the names of a message's oneofs: the declared ones, then one for each optional field, as proto3 demands."""
    yield from dict.fromkeys(field.oneof for field in message.fields if field.oneof is not None)
    yield from (f"_{field.name}" for field in message.fields if field.label == OPTIONAL)


def _oneof(field: Field) -> str | None:
    return f"_{field.name}" if field.label == OPTIONAL else field.oneof
