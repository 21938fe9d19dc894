"""grpcio's asyncio server: a queue for each call, and one message an event, whose bytes are made once for all calls.

The arguments are the port of HTTP and the port of gRPC.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import grpc

from tests.benchmark.peers.broadcast import Broadcast
from tests.benchmark.peers.grpc_message import message
from tests.benchmark.peers.publishing import serve_publishing

broadcast = Broadcast(message)


async def subscribe(_: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> None:
    await context.send_initial_metadata(())
    async for each in broadcast.subscribe():
        await context.write(each)


async def main(port: int, stream_port: int) -> None:
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        "Subscribe": grpc.unary_stream_rpc_method_handler(subscribe)
    }
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("peer.Events", handlers)])
    server.add_insecure_port(f"127.0.0.1:{stream_port}")
    await server.start()
    await serve_publishing(port, broadcast.publish_line)


asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
