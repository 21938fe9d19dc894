"""The gRPC server: the services on one port, on the event loop of the HTTP server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final, NamedTuple

import grpc

from app.server.listener import authority, listen, reached_by
from app.specification.errors import StartupError
from app.transports.grpc.order_events_service import OrderEventsService
from app.transports.grpc.readiness import Readiness
from app.transports.grpc.reflection import reflection_handlers

STOP_SECONDS: Final = 1.0  # for calls of health checks and reflection, once the other calls have ended

# https://github.com/grpc/grpc/blob/master/include/grpc/impl/channel_arg_names.h says what each of them is.
OPTIONS: Final = (
    # Refuse a port that is in use, as the HTTP server does, instead of sharing it.
    ("grpc.so_reuseport", 0),
    # Accept no compressed messages, as no compressed bodies over HTTP: 8 MiB of them may become 8 GiB, which are not bounded.
    ("grpc.compression_enabled_algorithms_bitset", 1),
    # A connection that says nothing is closed after 10 s, one without calls after 5 minutes.
    ("grpc.server_handshake_timeout_ms", 10_000),
    ("grpc.max_connection_idle_ms", 300_000),
    # As many as RFC 9113 §6.5.2 recommends at least; a client with more calls opens another connection.
    ("grpc.max_concurrent_streams", 100),
    # The same number twice, as between the two a call is refused at random. It holds for clients that have acknowledged the server's
    # settings; before, the library takes 16 MiB.
    ("grpc.max_metadata_size", 16 * 1024),
    ("grpc.absolute_max_metadata_size", 16 * 1024),
    # A proxy closes a stream on which no data come, often after 60 s: the heartbeats are messages, so they go through. A ping goes to the
    # next hop only. It shows that a client, or the proxy in front of it, has vanished without a word: after 30 s and 20 s more.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.http2.max_pings_without_data", 0),
    # Clients and proxies may ping as often as every 10 s, also without a call. The default of 5 minutes ends their connections.
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
)


class GrpcServer(NamedTuple):
    """A running gRPC server. `address`: the host and the port under which a client on this machine reaches it."""

    address: str
    service: OrderEventsService
    readiness: Readiness

    async def drain(self) -> None:
        """Refuse new calls and end those in progress; the log must be draining. Returns when all calls have ended."""
        await self.readiness.refresh()
        await self.service.calls.drain()


@asynccontextmanager
async def open_grpc_server(service: OrderEventsService, host: str, port: int) -> AsyncIterator[GrpcServer]:
    """Serve gRPC until the context is left. `host`, `port`: as for `listen`. Raises StartupError if the address cannot be used."""
    name, pool = service.classes.full_name, service.classes.pool
    deadlines = service.calls.deadlines
    readiness = Readiness(service.log, deadlines, "", name)
    server = grpc.aio.server(options=[*OPTIONS, ("grpc.max_receive_message_length", service.max_request_bytes)])
    reflection = reflection_handlers(pool, name, deadlines)
    server.add_generic_rpc_handlers([service.handler(), readiness.handler(), *reflection])
    address = _bind(server, host, port)
    await server.start()
    watching = asyncio.create_task(readiness.run())
    try:
        yield GrpcServer(address, service, readiness)
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        await server.stop(STOP_SECONDS)


def _bind(server: grpc.aio.Server, host: str, port: int) -> str:
    """Let the server listen on an address. Returns the host and the port by which a client on this machine reaches it."""
    with listen(host, port) as listener:  # the library does not say why it cannot listen, so that is found out before
        address: str = listener.getsockname()[0]
    try:
        bound = server.add_insecure_port(authority(address, port))
    except RuntimeError:
        raise StartupError(f"Cannot listen on {authority(host, port)}.") from None
    return reached_by(address, bound)
