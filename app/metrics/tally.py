"""What the transports count."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.events.histogram import Histogram

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Tally:
    """Counts of the transports since the server started.

    `request_seconds`: for each operation, how long it took until the operation had its response; refused requests do not count.
    `refusals`: the number of requests answered with a problem document, for each problem. `streams_refused`: the number of streams that
    were not admitted, for each limit: `total`, `principal` or `address`. `websockets`: the number of WebSocket
    connections that are open now. `websocket_closings`: the number of those that the server ended, for each close code.
    """

    request_seconds: defaultdict[str, Histogram] = field(default_factory=lambda: defaultdict(Histogram))
    refusals: Counter[str] = field(default_factory=Counter)
    streams_refused: Counter[str] = field(default_factory=Counter)
    websockets: int = 0
    websocket_closings: Counter[str] = field(default_factory=Counter)

    def refuse(self, problem: str, fields: Mapping[str, object]) -> None:
        """Count a request that is answered with a problem, and log it with these fields."""
        self.refusals[problem] += 1
        _log.info("A request was refused.", extra={"fields": {"problem": problem, **fields}})
