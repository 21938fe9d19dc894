"""The metrics of one server in the text format of Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/).

The other parts of the server count in plain integers. The integers are converted to metrics only when a client requests the metrics.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from app.events.delivery.fan_out import FanOut
from app.events.log.event_log import EventLog
from app.events.publish import Publisher
from app.program_version import VERSION

_log = logging.getLogger(__name__)

MEDIA_TYPE = CONTENT_TYPE_PLAIN_0_0_4


@dataclass(slots=True)
class Tally:
    """Counts of the transports since the server started.

    `refusals`: the number of requests answered with a problem document, for each problem. `streams_refused`: the number of streams that
    were not admitted, for each limit: `total`, `principal` or `address`. `websockets`: the number of WebSocket
    connections that are open now. `websocket_closings`: the number of those that the server ended, for each close code.
    """

    refusals: Counter[str] = field(default_factory=Counter)
    streams_refused: Counter[str] = field(default_factory=Counter)
    websockets: int = 0
    websocket_closings: Counter[str] = field(default_factory=Counter)

    def refuse(self, problem: str, fields: Mapping[str, object]) -> None:
        """Count a request that is answered with a problem, and log it with these fields."""
        self.refusals[problem] += 1
        _log.info("A request was refused.", extra={"fields": {"problem": problem, **fields}})


class Metrics(Collector):
    """The metrics of one server, collected from the parts of the server that keep counts."""

    def __init__(self, log: EventLog, publisher: Publisher, fan_out: FanOut, tally: Tally) -> None:
        self._log = log
        self._publisher = publisher
        self._fan_out = fan_out
        self._tally = tally
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def text(self) -> bytes:
        """Return the metrics in the text format of Prometheus, version 0.0.4."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        yield _build_info()
        yield _gauge("streams", "Streams open now.", len(self._fan_out))
        yield _gauge("stream_lag_events", "Events that the slowest stream is behind.", self._fan_out.lag_events())
        yield _gauge("log_head_offset", "Offset of the newest event.", self._log.head)
        yield _gauge("log_floor_offset", "Offset of the newest event that retention deleted.", self._log.floor.offset)
        yield _counter("events_published", "Events stored.", "event_type", self._publisher.published)
        yield _counter("events_duplicate", "Events that were stored before.", None, {"": self._publisher.duplicates})
        yield _counter("events_delivered", "Order events written to streams.", None, {"": self._fan_out.delivered})
        yield _counter("stream_gaps", "Gaps that streams reported.", "reason", self._fan_out.gaps)
        yield _counter("streams_closed", "Streams that the server ended.", "reason", self._fan_out.closings)
        refused = self._tally.streams_refused
        yield _counter("streams_refused", "Streams beyond a limit.", "limit", refused)
        yield _gauge("websockets", "WebSocket connections open now.", self._tally.websockets)
        closings = self._tally.websocket_closings
        yield _counter("websockets_closed", "WebSocket connections that the server ended.", "code", closings)
        yield _counter("requests_refused", "Requests answered with a problem.", "problem", self._tally.refusals)


def _build_info() -> Metric:
    family = GaugeMetricFamily(
        "orders_events_build_info", "The version of the program, as a label.", labels=["version"]
    )
    family.add_metric([VERSION], 1)
    return family


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"orders_events_{name}", text, value=value)


def _counter(name: str, text: str, label: str | None, values: dict[str, int] | Counter[str]) -> Metric:
    family = CounterMetricFamily(f"orders_events_{name}", text, labels=[label] if label else None)
    for value, count in sorted(values.items()):
        family.add_metric([value] if label else [], count)
    return family
