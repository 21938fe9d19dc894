"""The service `grpc.health.v1.Health`: it reports whether the server is ready, as `/health/ready` does over HTTP.

https://github.com/grpc/grpc/blob/master/doc/health-checking.md

The servicer of the package grpcio-health-checking is not used: while it writes to a client that does not read, every other call of
`Watch`, and each change of the health, waits for that client.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import grpc
from grpc_health.v1 import health_pb2

from app.events.errors import Draining, StoreUnavailable
from app.events.log.event_log import EventLog
from app.transports.grpc.callers import Context
from app.transports.grpc.message_deadlines import MessageDeadlines

HEALTH: Final = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name
CHECK_SECONDS: Final = 1.0

_Response: Final = health_pb2.HealthCheckResponse


class Readiness:
    """The health of the server: SERVING if the log accepts requests and its store can be used, otherwise NOT_SERVING.

    `deadlines`: for the requests. `services`: the names of the services that have this health; "" stands for the whole server.
    """

    def __init__(self, log: EventLog, deadlines: MessageDeadlines, *services: str) -> None:
        self._log = log
        self._deadlines = deadlines
        self._services = frozenset(services)
        self._status = _Response.UNKNOWN
        self._changed = asyncio.Event()  # set once, when the status changes; then there is another one

    def handler(self) -> grpc.GenericRpcHandler:
        """Return the service as grpcio takes it."""
        codec = (health_pb2.HealthCheckRequest.FromString, _Response.SerializeToString)
        methods: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
            "Check": grpc.stream_unary_rpc_method_handler(self._check, *codec),
            "Watch": grpc.stream_stream_rpc_method_handler(self._watch, *codec),
        }
        return grpc.method_handlers_generic_handler(HEALTH, methods)

    async def refresh(self) -> None:
        """Examine the log. If its health has changed, the streams of `Watch` are sent the new health at once."""
        status = _Response.SERVING
        try:
            self._log.check_accepts_requests()
            self._log.check_store()
        except (Draining, StoreUnavailable):
            status = _Response.NOT_SERVING
        if status != self._status:
            self._status = status
            self._changed.set()
            self._changed = asyncio.Event()

    async def run(self) -> None:
        """Examine the log again and again, until the task is cancelled."""
        while True:
            await self.refresh()
            await asyncio.sleep(CHECK_SECONDS)

    async def _check(self, _requests: object, context: Context) -> Any:
        service = await self._service(context)
        if service not in self._services:
            await context.abort(grpc.StatusCode.NOT_FOUND)
        await self.refresh()
        return _Response(status=self._status)

    async def _watch(self, _requests: object, context: Context) -> None:
        service = await self._service(context)
        sent = None
        while True:
            changed = self._changed
            status = self._status if service in self._services else _Response.SERVICE_UNKNOWN
            if status != sent:
                await context.write(_Response(status=status))
                sent = status
            await changed.wait()

    async def _service(self, context: Context) -> str:
        """Read for which service a client asks. A call without a message asks for the whole server."""
        request = await self._deadlines.read(context)
        return "" if request is grpc.aio.EOF else str(request.service)
