"""A gRPC client that has nothing of ours: the library grpcio, and the messages as the server's reflection describes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Self

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status

SERVICE = "orders_events.v1.OrderEvents"
WHEN = "2024-05-01T10:00:00Z"
TIMEOUT_SECONDS = 60


class GrpcClient:
    """A client of one server.

    `options`: channel arguments.
    `authority`: the certificates to trust, if the server speaks TLS.
    `pool`: the descriptors of the messages, if they are known; else the server is asked by reflection.
    `metadata`: what is sent with each call.
    """

    def __init__(
        self,
        address: str,
        *options: tuple[str, Any],
        authority: bytes | None = None,
        pool: DescriptorPool | None = None,
        metadata: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.metadata = metadata
        # One connection for each client: channels of one process with the same arguments would share it.
        own = [("grpc.use_local_subchannel_pool", 1), *options]
        if authority is None:
            self.channel = grpc.insecure_channel(address, own)
        else:
            self.channel = grpc.secure_channel(address, grpc.ssl_channel_credentials(authority), own)
        self.pool = pool or DescriptorPool(ProtoReflectionDescriptorDatabase(self.channel))
        self._methods = {
            each.name: each
            for each in self.pool.FindFileContainingSymbol(SERVICE).services_by_name["OrderEvents"].methods
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.channel.close()

    def message(self, name: str) -> Any:
        return GetMessageClass(self.pool.FindMessageTypeByName(f"orders_events.v1.{name}"))

    def subscribe(self, timeout: float | None = TIMEOUT_SECONDS, **request: Any) -> Any:
        """Open a stream; the call yields its responses."""
        return self._method("Subscribe", self.channel.unary_stream)(
            self.message("SubscribeRequest")(**request), timeout
        )

    def publish(self, *events: Any) -> Any:
        return self._method("Publish", self.channel.unary_unary)(
            self.message("PublishRequest")(events=events), TIMEOUT_SECONDS
        )

    def publish_stream(self, requests: Iterable[Any]) -> Any:
        return self._method("PublishStream", self.channel.stream_stream)(iter(requests), TIMEOUT_SECONDS)

    def _method(self, name: str, kind: Callable[..., Any]) -> Callable[..., Any]:
        method = self._methods[name]
        request, response = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
        bound: Callable[..., Any] = kind(f"/{SERVICE}/{name}", request.SerializeToString, response.FromString)
        return partial(bound, metadata=self.metadata)


def shipped(order_id: str, **fields: Any) -> dict[str, Any]:
    """An event to publish, as keyword arguments of the message `Event`."""
    return {"order_shipped_v1": {"order_id": order_id, "when": WHEN}, **fields}


def events_of(responses: Iterable[Any]) -> Iterator[Any]:
    """Yield the events of the pages among the responses of a stream."""
    for response in responses:
        yield from response.events.events


def details_of(error: grpc.RpcError) -> list[Any]:
    """Return the details of a status, each as its message of google.rpc."""
    details = []
    for packed in rpc_status.from_call(error).details:
        message = getattr(error_details_pb2, packed.TypeName().rpartition(".")[2])()
        assert packed.Unpack(message)
        details.append(message)
    return details
