"""What the transports count."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from app.events.histogram import Histogram

STREAM_SECONDS: Final = (1.0, 10.0, 60.0, 300.0, 1_800.0, 3_600.0, 21_600.0, 86_400.0)
STREAM_LIMITS: Final = ("total", "principal", "address")

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Tally:
    """Counts of the transports since the server started.

    `request_seconds`: for each operation, how long it took until the operation had its response; refused requests do not count.
    `refusals`: the number of requests answered with a problem document, for each problem. `streams_refused`: the number of streams that
    were not admitted, for each limit: `total`, `principal` or `address`. `stream_seconds`: how long
    the streams that have ended were open, for each transport: `http`, `websocket` (its connections) or `grpc`. `websockets`: the number of
    WebSocket connections that are open now. `websocket_closings`: the number of those that the server ended, for each close code.
    `grpc_calls`: the number of calls over gRPC that are open now.
    """

    request_seconds: defaultdict[str, Histogram] = field(default_factory=lambda: defaultdict(Histogram))
    refusals: Counter[str] = field(default_factory=Counter)
    streams_refused: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(STREAM_LIMITS, 0)))
    stream_seconds: defaultdict[str, Histogram] = field(
        default_factory=lambda: defaultdict(lambda: Histogram(STREAM_SECONDS))
    )
    websockets: int = 0
    websocket_closings: Counter[str] = field(default_factory=Counter)
    grpc_calls: int = 0

    def refuse(self, problem: str, fields: Mapping[str, object]) -> None:
        """Count a request that is answered with a problem, and log it with these fields."""
        self.refusals[problem] += 1
        _log.info("A request was refused.", extra={"fields": {"problem": problem, **fields}})

    def refuse_stream(self, limit: str, fields: Mapping[str, object]) -> None:
        """Count a stream that is not admitted, and log it with these fields. `limit`: one of STREAM_LIMITS."""
        self.streams_refused[limit] += 1
        _log.info("A stream was refused.", extra={"fields": {"limit": limit, **fields}})

    def close_websocket(self, code: int, fields: Mapping[str, object]) -> None:
        """Count a WebSocket connection that the server ends, and log it with these fields. `code`: the close code."""
        self.websocket_closings[str(code)] += 1
        _log.info("A WebSocket connection was ended.", extra={"fields": {"code": code, **fields}})
