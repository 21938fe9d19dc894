"""The metrics of one server in the text format of Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/).

The other parts of the server count in plain integers. The integers are converted to metrics only when a client requests the metrics.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from app.events.delivery.fan_out import FanOut
from app.events.log.event_log import EventLog
from app.events.publishing.publish import Publisher
from app.metrics.families import counter, counters, gauge, histogram, histograms, info
from app.metrics.tally import Tally
from app.program_version import VERSION
from app.server.connection_counts import ConnectionCounts

MEDIA_TYPE = CONTENT_TYPE_PLAIN_0_0_4


class TokenCounts(Protocol):
    """What is counted about access tokens.

    `failures`: the number of tokens that were not accepted, by reason. `keys_age_seconds`: returns the time since the keys that verify
    them were read; None if they are never read again.
    """

    @property
    def failures(self) -> Mapping[str, int]: ...

    def keys_age_seconds(self) -> float | None: ...


class SharedLogCounts(Protocol):
    """What is counted by a server that follows a log which several servers share.

    `lag_events`: how many events of the log its copy does not have yet. `lag_seconds`: the time since its copy was last seen to have
    every event of the log. `resets`: how often it began anew to follow. `rebuilds`: how often its copy lost events or was made anew.
    `unknown_events`: the events that it passed on although its contract does not have their type and version.
    """

    @property
    def epoch(self) -> str: ...

    @property
    def lag_events(self) -> int: ...

    def lag_seconds(self) -> float: ...

    @property
    def resets(self) -> int: ...

    @property
    def rebuilds(self) -> int: ...

    @property
    def unknown_events(self) -> int: ...


class Metrics(Collector):
    """The metrics of one server, collected from the parts of the server that keep counts.

    `tokens`: counts of access tokens. `shared_log`: counts of a log that several servers share; None if the log is not shared.
    """

    def __init__(
        self,
        log: EventLog,
        publisher: Publisher,
        fan_out: FanOut,
        *,
        tally: Tally,
        connections: ConnectionCounts,
        tokens: TokenCounts,
        shared_log: SharedLogCounts | None = None,
    ) -> None:
        self._log = log
        self._publisher = publisher
        self._fan_out = fan_out
        self._tally = tally
        self._connections = connections
        self._tokens = tokens
        self._shared_log = shared_log
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def text(self) -> bytes:
        """Return the metrics in the text format of Prometheus, version 0.0.4."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        yield info("build_info", "The version of the program, as a label.", "version", VERSION)
        yield from self._of_log()
        if self._shared_log is not None:
            yield from _of_shared_log(self._shared_log)
        yield from self._of_publishing()
        yield from self._of_streams()
        yield from self._of_requests()
        yield from self._of_tokens()

    def _of_log(self) -> Iterator[Metric]:
        yield gauge("log_head_offset", "Offset of the newest event.", self._log.head)
        yield gauge("log_floor_offset", "Offset of the newest event that retention deleted.", self._log.floor.offset)
        disk = self._log.disk_use()
        if disk is not None:
            yield gauge("log_bytes", "Bytes that the files of the log take.", disk.used_bytes)
            yield gauge("log_disk_free_bytes", "Bytes that are free on the disk of the log.", disk.free_bytes)
        writes = self._log.write_health
        yield gauge("log_writable", "1 if the last write succeeded, 0 if it failed.", not writes.is_failing)
        yield counter("log_write_failures", "Transactions that failed.", writes.failures)
        yield histogram("commit_duration_seconds", "Time until a transaction was on disk.", writes.commit_seconds)

    def _of_publishing(self) -> Iterator[Metric]:
        yield counters("events_published", "Events stored.", "event_type", self._publisher.published)
        yield counter("events_duplicate", "Events that were stored before.", self._publisher.duplicates)
        yield counter("events_refused", "Events that were refused.", self._publisher.refused)

    def _of_streams(self) -> Iterator[Metric]:
        fan_out = self._fan_out
        yield gauge("streams", "Streams open now.", len(fan_out))
        yield gauge("streams_behind", "Streams that read the log, because they are behind.", fan_out.behind)
        yield gauge("stream_lag_events", "Events that the slowest stream is behind.", fan_out.lag_events())
        yield counter("events_delivered", "Order events written to streams.", fan_out.sent.events)
        yield counter("events_replayed", "Order events written to streams that were behind.", fan_out.sent.replayed)
        yield histogram(
            "delivery_age_seconds", "Age of the oldest event of a round when all were sent it.", fan_out.delivery_ages
        )
        yield counters("stream_gaps", "Gaps that streams reported.", "reason", fan_out.sent.gaps)
        yield counters("streams_closed", "Streams that the server ended.", "reason", fan_out.sent.closings)
        yield histograms(
            "stream_duration_seconds", "How long streams were open.", "transport", self._tally.stream_seconds
        )
        yield counters("streams_refused", "Streams beyond a limit.", "limit", self._tally.streams_refused)

    def _of_requests(self) -> Iterator[Metric]:
        tally, connections = self._tally, self._connections
        yield gauge("connections", "HTTP connections open now, with those of streams.", len(connections.open))
        yield counters("connections_cut", "Connections cut because a client was slow.", "wait", connections.cuts)
        yield counters("connections_refused", "Requests that are not valid HTTP.", "status", connections.refusals)
        yield gauge("websockets", "WebSocket connections open now.", tally.websockets)
        closings = tally.websocket_closings
        yield counters("websockets_closed", "WebSocket connections that the server ended.", "code", closings)
        yield gauge("grpc_calls", "Calls over gRPC open now.", tally.grpc_calls)
        yield counters("requests_refused", "Requests answered with a problem.", "problem", tally.refusals)
        yield histograms(
            "request_duration_seconds", "Time until an answer was ready.", "operation", tally.request_seconds
        )

    def _of_tokens(self) -> Iterator[Metric]:
        yield counters("tokens_refused", "Access tokens that were not accepted.", "reason", self._tokens.failures)
        age = self._tokens.keys_age_seconds()
        if age is not None:
            yield gauge("keys_age_seconds", "Time since the keys of access tokens were read.", age)


def _of_shared_log(log: SharedLogCounts) -> Iterator[Metric]:
    yield info("shared_log_epoch", "The epoch of new events, as a label.", "epoch", log.epoch)
    yield gauge("shared_log_lag_events", "Events of the shared log that this server has not yet read.", log.lag_events)
    yield gauge("shared_log_lag_seconds", "Time since this server had read the whole shared log.", log.lag_seconds())
    yield counter("shared_log_resets", "Times that following the shared log began anew.", log.resets)
    yield counter("shared_log_rebuilds", "Times that the copy of the shared log lost events.", log.rebuilds)
    yield counter("shared_log_unknown_events", "Events passed on without a contract for them.", log.unknown_events)
