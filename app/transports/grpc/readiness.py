"""The service `grpc.health.v1.Health`: it reports whether the server is ready, as `/health/ready` does over HTTP.

https://github.com/grpc/grpc/blob/master/doc/health-checking.md
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from grpc_health.v1 import health_pb2
from grpc_health.v1.health import aio

from app.events.errors import Draining, StoreUnavailable
from app.events.log.event_log import EventLog

CHECK_SECONDS: Final = 1.0


class Readiness(aio.HealthServicer):  # type: ignore[misc]  # the package ships no types
    """The health of the server: SERVING if the log accepts requests and its store can be used, otherwise NOT_SERVING.

    `services`: the names of the services that have this health; "" stands for the whole server.
    """

    def __init__(self, log: EventLog, *services: str) -> None:
        super().__init__()
        self._log = log
        self._services = services
        self._status = health_pb2.HealthCheckResponse.UNKNOWN

    async def Check(self, request: Any, context: Any) -> Any:  # noqa: N802  # the name in the `.proto`
        """Answer with the health at this moment."""
        await self.refresh()
        return await super().Check(request, context)

    async def refresh(self) -> None:
        """Examine the log. If its health has changed, the streams of `Watch` are sent the new health at once."""
        status = health_pb2.HealthCheckResponse.SERVING
        try:
            self._log.check_accepts_requests()
            self._log.check_store()
        except (Draining, StoreUnavailable):
            status = health_pb2.HealthCheckResponse.NOT_SERVING
        if status != self._status:
            self._status = status
            for service in self._services:
                await self.set(service, status)

    async def run(self) -> None:
        """Examine the log again and again, until the task is cancelled."""
        while True:
            await self.refresh()
            await asyncio.sleep(CHECK_SECONDS)
