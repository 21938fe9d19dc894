"""The operations for operators: liveness, readiness and metrics."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from app.events.log.event_log import EventLog
from app.metrics import exposition
from app.transports.http.compressed_bodies import Bodies
from app.transports.http.operations.cache_headers import NO_STORE


@dataclass(frozen=True)
class HealthOperations:
    """The state of the server."""

    log: EventLog
    bodies: Bodies
    metrics: exposition.Metrics

    async def get_liveness(self) -> Response:
        return JSONResponse({"status": "live"}, headers=NO_STORE)

    async def get_readiness(self) -> Response:
        self.log.check_accepts_requests()
        self.log.check_store()
        return JSONResponse({"status": "ready", "writable": not self.log.write_health.is_failing}, headers=NO_STORE)

    async def get_metrics(self) -> ASGIApp:
        return self.bodies.response(self.metrics.text(), headers=NO_STORE, media_type=exposition.MEDIA_TYPE)
