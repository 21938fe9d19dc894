"""A gRPC proxy that breaks one promise of the good server behind it. It has the messages of the contract, as dicts in ProtoJSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import json_format
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from tests.client.scripted_calls import CLASSES, SERVICE


@dataclass(frozen=True, slots=True)
class CallFault:
    """How the gRPC server differs from a good one.

    `asks`: changes a request before it is sent to the good server.
    `sends`: returns what is sent in place of a response. It gets the request, the response, and how many responses came before.
    `describes`: changes the description of the service. `health`: the status to report. `has_details`: whether refusals to subscribe have details.
    `code`: changes the status of a refusal. `authorization`: changes the access token.
    """

    asks: Callable[[Any], Any] = lambda asked: asked
    sends: Callable[[Any, Any, int], Sequence[Any]] = lambda _asked, sent, _before: [sent]
    describes: Callable[[FileDescriptorProto], object] = lambda _: None
    health: str = "SERVING"
    has_details: bool = True
    code: Callable[[grpc.StatusCode], grpc.StatusCode] = lambda code: code
    authorization: Callable[[str | None], str | None] = lambda sent: sent


class BrokenCalls(grpc.GenericRpcHandler):
    """The proxy as a handler of grpcio; `fault` may be changed between calls. `good`: a channel to the good server."""

    def __init__(self, good: grpc.Channel) -> None:
        self.fault = CallFault()
        self._good = good

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any]:
        name = str(handler_call_details.method)
        match name.rpartition("/")[2]:
            case "Subscribe":
                return grpc.unary_stream_rpc_method_handler(self._subscribe)
            case "Publish":
                return grpc.unary_unary_rpc_method_handler(self._publish)
            case "PublishStream":
                return grpc.stream_stream_rpc_method_handler(self._publish_stream)
            case "Check":
                return grpc.unary_unary_rpc_method_handler(self._check)
        return grpc.unary_unary_rpc_method_handler(lambda data, _: self._describe(name, data))

    def _subscribe(self, data: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        fault, asked = self.fault, parsed("SubscribeRequest", data)
        subscribe: Any = self._good.unary_stream(f"/{SERVICE}/Subscribe")
        call = subscribe(encoded("SubscribeRequest", fault.asks(asked)), metadata=_metadata(fault, context))
        context.add_callback(call.cancel)
        try:
            for before, response in enumerate(call):
                for sent in fault.sends(asked, parsed("SubscribeResponse", response), before):
                    yield encoded("SubscribeResponse", sent)
        except grpc.RpcError as error:
            _refuse(fault, error, context, has_details=fault.has_details)

    def _publish(self, data: bytes, context: grpc.ServicerContext) -> bytes:
        fault, asked = self.fault, parsed("PublishRequest", data)
        publish: Any = self._good.unary_unary(f"/{SERVICE}/Publish")
        try:
            response = publish(encoded("PublishRequest", fault.asks(asked)), metadata=_metadata(fault, context))
        except grpc.RpcError as error:
            _refuse(fault, error, context)
            return b""
        (sent,) = fault.sends({}, parsed("PublishResponse", response), 0)
        return encoded("PublishResponse", sent)

    def _publish_stream(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        fault = self.fault
        publish: Any = self._good.stream_stream(f"/{SERVICE}/PublishStream")
        call = publish(requests, metadata=_metadata(fault, context))
        context.add_callback(call.cancel)
        try:
            for before, response in enumerate(call):
                for sent in fault.sends({}, parsed("PublishStreamResponse", response), before):
                    yield encoded("PublishStreamResponse", sent)
        except grpc.RpcError as error:
            _refuse(fault, error, context)

    def _check(self, _data: bytes, _context: grpc.ServicerContext) -> bytes:
        status: Any = health_pb2.HealthCheckResponse.ServingStatus.Value(self.fault.health)
        return bytes(health_pb2.HealthCheckResponse(status=status).SerializeToString())

    def _describe(self, name: str, data: bytes) -> bytes:
        describe: Any = self._good.unary_unary(name)
        response = reflection_pb2.ServerReflectionResponse.FromString(describe(data))
        files = response.file_descriptor_response.file_descriptor_proto
        for index, each in enumerate(files):
            file = FileDescriptorProto.FromString(each)
            if file.package == "orders_events.v1":
                self.fault.describes(file)
            files[index] = file.SerializeToString()
        return bytes(response.SerializeToString())


def _metadata(fault: CallFault, context: grpc.ServicerContext) -> list[tuple[str, str]]:
    """Return the access token to send to the good server."""
    sent = dict(context.invocation_metadata()).get("authorization")
    authorization = fault.authorization(None if sent is None else str(sent))
    return [] if authorization is None else [("authorization", authorization)]


def _refuse(fault: CallFault, error: Any, context: grpc.ServicerContext, *, has_details: bool = True) -> None:
    if has_details:
        context.set_trailing_metadata(error.trailing_metadata())
    context.set_code(fault.code(error.code()))
    context.set_details(error.details())


@contextmanager
def broken_calls(good_address: str) -> Iterator[tuple[BrokenCalls, str]]:
    """Serve the proxy in front of a good server; yield it with its URL."""
    with grpc.insecure_channel(good_address) as good:
        proxy = BrokenCalls(good)
        server = grpc.server(ThreadPoolExecutor(16), handlers=[proxy], options=[("grpc.so_reuseport", 0)])
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield proxy, f"grpc://127.0.0.1:{port}"
        finally:
            server.stop(None).wait()


def parsed(name: str, data: bytes) -> dict[str, Any]:
    message: dict[str, Any] = json_format.MessageToDict(CLASSES[name].FromString(data))
    return message


def encoded(name: str, message: Any) -> bytes:
    return bytes(json_format.ParseDict(message, CLASSES[name]()).SerializeToString())
