"""A connection to the gRPC service of the server under check, and the messages that the server describes by reflection."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import grpc
from google.protobuf import json_format
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_database import DescriptorDatabase
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from app.check.findings import CannotCheck, Finding, Violated
from app.check.grpc.grpc_call import GrpcCall
from app.check.request import excerpt
from app.check.target.target import Target

SERVICE: Final = "orders_events.v1.OrderEvents"
MAX_BYTES: Final = 16 * 1024 * 1024  # of one message: it is larger than 512 KiB only if an event is

_SCHEMES: Final = ("grpc://", "grpcs://")
_PORTS: Final = {"grpc://": 80, "grpcs://": 443}  # as of http and https
# The method of a channel, by whether a call has a stream of requests, and of responses.
_KINDS: Final = {(False, False): "unary_unary", (False, True): "unary_stream", (True, True): "stream_stream"}
_TEMPORARY: Final = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED})


class GrpcService:
    """The service `OrderEvents` over an open connection. `channel`: the connection. `file`: the descriptor of the service's `.proto`."""

    def __init__(self, target: Target, channel: grpc.Channel) -> None:
        self.channel = channel
        self._url = str(target.options.grpc)
        self._seconds = target.options.timeout_seconds
        self._metadata = [(name.lower(), value) for name, value in target.options.authorization.items()]
        self.file: FileDescriptor = _described(channel, self._seconds, self._metadata).FindFileContainingSymbol(SERVICE)
        self._methods = self.file.services_by_name[SERVICE.rpartition(".")[2]].methods_by_name

    def exchange(self, method: str, message: Mapping[str, Any]) -> GrpcCall:
        """Return a call of a method as a value. `message`: the request in ProtoJSON."""
        return GrpcCall(self._url, f"{SERVICE}/{method}", message)

    def call(
        self,
        method: str,
        message: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        seconds: float | None = None,
        *,
        authorization: str | None = None,
    ) -> Any:
        """Call a method of the service.

        `message`: the request in ProtoJSON, or the requests of a stream. `seconds`: the deadline; default: `--timeout-seconds`.
        `authorization`: what is sent in place of the access token; an empty text is not sent.
        Returns the response, or an iterator over the responses. Raises grpc.RpcError.
        """
        described = self._methods[method]
        kind = _KINDS[described.client_streaming, described.server_streaming]
        request: Any = GetMessageClass(described.input_type)
        response: Any = GetMessageClass(described.output_type)
        bound = getattr(self.channel, kind)(f"/{SERVICE}/{method}", request.SerializeToString, response.FromString)
        parsed: Any = (
            json_format.ParseDict(dict(message), request())
            if isinstance(message, Mapping)
            else iter([json_format.ParseDict(dict(each), request()) for each in message])
        )
        named = [("authorization", authorization)] if authorization else []
        metadata = self._metadata if authorization is None else named
        return bound(parsed, timeout=seconds or self._seconds, metadata=metadata)


@contextmanager
def grpc_service(target: Target) -> Iterator[GrpcService]:
    """Connect to the gRPC server for a `with` block.

    Raises CannotCheck if the server cannot be reached, Violated if it does not describe the service by reflection.
    """
    call = GrpcCall(str(target.options.grpc), f"{SERVICE}/Subscribe", {})
    promised = f"Reflection describes the service {SERVICE}."
    with _channel(target) as channel:
        try:
            service = GrpcService(target, channel)
        except grpc.RpcError as error:
            raise failure(error, call, promised) from None
        except (KeyError, TypeError) as error:
            raise Violated(Finding(promised, excerpt(error), call)) from None
        yield service


def failure(error: grpc.RpcError, call: GrpcCall, promised: str) -> CannotCheck | Violated:
    """Return what the error of a call shows: nothing about the contract if it is temporary, else that `promised` is broken."""
    code, details = error.code(), error.details()
    seen = f"{code.name}: {excerpt(details)}"
    return (
        CannotCheck(f"A gRPC call ended with {seen}.")
        if code in _TEMPORARY
        else Violated(Finding(promised, seen, call))
    )


def _described(channel: grpc.Channel, seconds: float, metadata: list[tuple[str, str]]) -> DescriptorPool:
    """Return the descriptors of the service and of what it uses, as reflection sends them. Raises grpc.RpcError, TypeError."""
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
    request = reflection_pb2.ServerReflectionRequest(file_containing_symbol=SERVICE)
    database = DescriptorDatabase()
    for response in stub.ServerReflectionInfo(iter([request]), timeout=seconds, metadata=metadata):
        for file in response.file_descriptor_response.file_descriptor_proto:
            database.Add(FileDescriptorProto.FromString(file))
    return DescriptorPool(database)


def _channel(target: Target) -> grpc.Channel:
    scheme = next(each for each in _SCHEMES if str(target.options.grpc).startswith(each))
    address = str(target.options.grpc).removeprefix(scheme)
    if not address.rpartition("]")[2].count(":"):
        address = f"{address}:{_PORTS[scheme]}"
    options = [
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.enable_http_proxy", 0),  # as for HTTP requests: no variable of the environment counts
        ("grpc.max_receive_message_length", MAX_BYTES),
        ("grpc.primary_user_agent", "orders-events-check"),
    ]
    if scheme == "grpc://":
        return grpc.insecure_channel(address, options)
    return grpc.secure_channel(address, _credentials(target.options.certificates), options)


def _credentials(certificates: ssl.SSLContext | None) -> grpc.ChannelCredentials:
    trusted = [] if certificates is None else certificates.get_ca_certs(binary_form=True)
    return grpc.ssl_channel_credentials("".join(map(ssl.DER_cert_to_PEM_cert, trusted)).encode() or None)
