"""What the gRPC service shows of itself: its messages, its health, and how it refuses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import grpc
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import BadRequest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from app.check.grpc.grpc_call import GrpcCall
from app.check.grpc.grpc_service import SERVICE, failure, grpc_service
from app.check.target.target import Target


class Observed(NamedTuple):
    """Something that was observed, and the call that shows it."""

    value: Any
    call: GrpcCall


def described_fields(target: Target) -> Observed:
    """Return the fields of all messages that reflection describes, as `Message.field = number`."""
    with grpc_service(target) as service:
        messages = service.file.message_types_by_name.values()
        fields = {field for message in messages for field in _fields(message, message.name)}
        return Observed(fields, service.exchange("Subscribe", {}))


def _fields(message: Descriptor, name: str) -> Iterator[str]:
    yield from (f"{name}.{field.name} = {field.number}" for field in message.fields)
    for nested in message.nested_types:
        yield from _fields(nested, f"{name}.{nested.name}")


def health(target: Target) -> Observed:
    """Return the health of the service as the name of a status, such as SERVING."""
    call = GrpcCall(str(target.options.grpc), "grpc.health.v1.Health/Check", {"service": SERVICE})
    with grpc_service(target) as service:
        stub: Any = health_pb2_grpc.HealthStub(service.channel)
        request = health_pb2.HealthCheckRequest(service=SERVICE)
        try:
            status = stub.Check(request, timeout=target.options.timeout_seconds).status
        except grpc.RpcError as error:
            raise failure(error, call, "The service has a health.") from None
    return Observed(health_pb2.HealthCheckResponse.ServingStatus.Name(status), call)


def refused_fields(target: Target, message: Mapping[str, Any]) -> Observed:
    """Return the pointers to the fields for which a call of Subscribe is refused with INVALID_ARGUMENT; None if it is not refused."""
    with grpc_service(target) as service:
        call = service.exchange("Subscribe", message)
        responses = service.call("Subscribe", message)
        try:
            next(responses, None)
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.INVALID_ARGUMENT:
                raise failure(
                    error, call, "A field that breaks the contract is refused with INVALID_ARGUMENT."
                ) from None
            return Observed(violated_fields(error), call)
        responses.cancel()
        return Observed(None, call)


def violated_fields(error: Any) -> list[str]:
    """Return the pointers to the fields that the details of a status name."""
    try:
        status = rpc_status.from_call(error)
    except (ValueError, DecodeError):  # details of another status, or that are none
        status = None
    bad_request = BadRequest()
    for detail in () if status is None else status.details:
        if detail.Unpack(bad_request):
            return [each.field for each in bad_request.field_violations]
    return []
