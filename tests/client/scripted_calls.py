"""A gRPC server that does what a test says: one step for each call, of the library grpcio, with the messages of the contract."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Any, Self, TypeAlias

import grpc
from google.protobuf.any_pb2 import Any as Detail
from google.rpc.status_pb2 import Status
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.reflection import ReflectionServicer
from grpc_status import rpc_status

from app.specification.contracts import load_contracts
from app.specification.document import load_document
from app.transports.grpc.messages.descriptors import MessageClasses
from tests.support.rich_contract import ROOT

CLASSES = MessageClasses(load_document(ROOT, load_contracts(ROOT / "contracts")).proto)
SERVICE = "orders_events.v1.OrderEvents"
CHECKPOINT: dict[str, Any] = {"checkpoint": {"last_event_id": "e-0"}}
END: dict[str, Any] = {"closing": {"reason": "end"}}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A status in place of a response, with its details."""

    code: grpc.StatusCode
    text: str = ""
    details: Sequence[Any] = ()

    def abort(self, context: grpc.ServicerContext) -> None:
        packed = [Detail() for _ in self.details]
        for each, detail in zip(packed, self.details, strict=True):
            each.Pack(detail)
        status = Status(code=self.code.value[0], message=self.text, details=packed)
        context.abort_with_status(rpc_status.to_status(status))


@dataclass(slots=True)
class Talk:
    """Responses, and how the call ends: with the status OK, with a refusal, or not at all. `asked` has the requests of the client."""

    responses: Sequence[dict[str, Any]]
    ending: Refusal | None = None
    is_held: bool = False
    asked: list[Any] = field(default_factory=list)


Step: TypeAlias = Talk | Refusal


class ScriptedCalls:
    """A server on a free port of loopback, as a context manager.

    `steps`: what it does at each call but reflection, in order. `described`: whether it has reflection. `service`: the name it serves.
    `certificate`: a file with the certificate and the key of a server that speaks TLS.
    """

    def __init__(
        self, *steps: Step, described: bool = True, service: str = SERVICE, certificate: Path | None = None
    ) -> None:
        self.metadata: list[dict[str, Any]] = []
        self._steps = iter(steps)
        self._ended = Event()
        self._server = grpc.server(ThreadPoolExecutor(8), options=[("grpc.so_reuseport", 0)])
        handlers: dict[str, Any] = {
            "Subscribe": grpc.unary_stream_rpc_method_handler(self._subscribe, CLASSES["SubscribeRequest"].FromString),
            "Publish": grpc.unary_unary_rpc_method_handler(self._publish, CLASSES["PublishRequest"].FromString),
        }
        self._server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, handlers)])
        self._reflection = ReflectionServicer([SERVICE], CLASSES.pool)
        if described:
            self._server.add_generic_rpc_handlers([_reflection_handler(self._reflection)])
        if certificate is None:
            self.url = f"grpc://127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        else:
            pem = certificate.read_bytes()
            credentials = grpc.ssl_server_credentials([(pem, pem)])
            self.url = f"grpcs://127.0.0.1:{self._server.add_secure_port('127.0.0.1:0', credentials)}"

    def describe(self, classes: MessageClasses) -> None:
        """Describe other messages from now on, as a newer server does that has taken over."""
        self._reflection._pool = classes.pool

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._server.stop(None).wait()

    def _subscribe(self, request: Any, context: grpc.ServicerContext) -> Iterator[bytes]:
        talk = self._step(request, context)
        for response in talk.responses:
            yield CLASSES["SubscribeResponse"](**response).SerializeToString()
        if talk.is_held:
            self._ended.wait()
        if talk.ending is not None:
            talk.ending.abort(context)

    def _publish(self, request: Any, context: grpc.ServicerContext) -> bytes:
        talk = self._step(request, context)
        return bytes(CLASSES["PublishResponse"](**talk.responses[0]).SerializeToString())

    def _step(self, request: Any, context: grpc.ServicerContext) -> Talk:
        self.metadata.append(dict(context.invocation_metadata()))
        step = next(self._steps)
        if isinstance(step, Refusal):
            step.abort(context)
        assert isinstance(step, Talk)
        step.asked.append(request)
        return step


def _reflection_handler(servicer: Any) -> grpc.GenericRpcHandler:
    method = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    return grpc.method_handlers_generic_handler("grpc.reflection.v1.ServerReflection", {"ServerReflectionInfo": method})
