"""Server reflection (`grpc.reflection`): tools such as grpcurl and `buf curl` read the `.proto` from the server.

https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.reflection import aio

from app.transports.grpc.callers import Context
from app.transports.grpc.message_deadlines import MessageDeadlines
from app.transports.grpc.readiness import HEALTH

# The package has v1alpha only. The messages of v1 are the same under another name, so both names are served.
_NAMES: Final = ("grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection")


def reflection_handlers(
    pool: DescriptorPool, service: str, deadlines: MessageDeadlines
) -> list[grpc.GenericRpcHandler]:
    """Return the service that describes the given service and that of health checks, under both of its names.

    `pool`: has the descriptor of the service; those of the other services are added. `deadlines`: for each request of a client.
    """
    pool.AddSerializedFile(health_pb2.DESCRIPTOR.serialized_pb)
    pool.AddSerializedFile(reflection_pb2.DESCRIPTOR.serialized_pb)
    servicer = aio.ReflectionServicer([service, HEALTH], pool)

    async def answer(_requests: object, context: Context) -> AsyncIterator[Any]:
        async for response in servicer.ServerReflectionInfo(deadlines.read_all(context), context):
            yield response

    method = grpc.stream_stream_rpc_method_handler(
        answer,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    return [grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": method}) for name in _NAMES]
