"""Spans of OpenTelemetry for publish requests and for rounds of delivery.

https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/ says what a span of a producer and of a consumer has.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from threading import Thread
from typing import Any, Final

from opentelemetry.context import attach, detach
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanContext, SpanKind, Tracer, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Receive, Scope, Send

from app.events.delivery.readers.filter_group import ROUND_EVENTS, FilterGroup, MakeGroup
from app.events.event import Event, EventKey, StoredEvent
from app.events.log.event_log import EventLog
from app.events.log.event_store import Appended, EventStore
from app.program_version import VERSION

# Of the newest events, for the links of rounds: live readers are sent an event within milliseconds.
SPANS_KEPT: Final = 10_000
# A server ends within ten seconds. The SDK would wait for thirty if the collector does not answer.
CLOSE_SECONDS: Final = 1.5
_FIELDS: Final = {"traceparent", "tracestate"}


def exporting_to(endpoint: str) -> OpenTelemetryTracing:
    """Return traces that are sent to a collector, in the background. `endpoint`: its URL, such as http://127.0.0.1:4318."""
    return OpenTelemetryTracing(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint}/v1/traces")))


class OpenTelemetryTracing:
    """The traces of one server. `processor`: a span processor of the SDK, which is given each span when it ends."""

    def __init__(self, processor: Any) -> None:
        resource = Resource.create({"service.name": "orders-events", "service.version": VERSION})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("orders-events", VERSION)
        self._propagator = TraceContextTextMapPropagator()
        self._published = _Published()

    def log(self, store: EventStore) -> EventLog:
        return _TracedLog(store, self._tracer, self._published)

    @property
    def make_group(self) -> MakeGroup:
        return partial(_TracedGroup, self._tracer, self._published)

    def application(self, application: ASGIApp) -> ASGIApp:
        async def continuing(scope: Scope, receive: Receive, send: Send) -> None:
            with self.continued((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]):
                await application(scope, receive, send)

        return continuing

    @contextmanager
    def continued(self, fields: Iterable[tuple[str, str]]) -> Iterator[None]:
        token = attach(self._propagator.extract({name: value for name, value in fields if name in _FIELDS}))
        try:
            yield
        finally:
            detach(token)

    def close(self) -> None:
        closing = Thread(target=self._provider.shutdown, name="trace-closer", daemon=True)
        closing.start()
        closing.join(CLOSE_SECONDS)


class _Published:
    """The spans in which the newest events were published."""

    def __init__(self) -> None:
        self._spans: OrderedDict[EventKey, SpanContext] = OrderedDict()

    def note(self, events: Sequence[Event], span: SpanContext) -> None:
        self._spans.update((event.key, span) for event in events)
        while len(self._spans) > SPANS_KEPT:
            self._spans.popitem(last=False)

    def links(self, events: Iterable[StoredEvent]) -> list[Link]:
        """Return a link to each span in which one of the events was published."""
        spans = {span.span_id: span for event in events if (span := self._spans.get(event.key)) is not None}
        return [Link(span) for span in spans.values()]


class _TracedLog(EventLog):
    """A log of events in which each append is a span."""

    def __init__(self, store: EventStore, tracer: Tracer, published: _Published) -> None:
        super().__init__(store)
        self._tracer = tracer
        self._published = published

    async def append(self, events: Sequence[Event]) -> list[Appended]:
        with self._tracer.start_as_current_span(
            "publish orders", kind=SpanKind.PRODUCER, attributes=_attributes("send", len(events))
        ):
            # Before the append, because live readers are sent the events before this method goes on.
            self._published.note(events, get_current_span().get_span_context())
            return await super().append(events)


class _TracedGroup(FilterGroup):
    """A group of live readers in which each round is a span, even if it takes several turns: it is that of the first turn."""

    __slots__ = ("_published", "_tracer")

    def __init__(self, tracer: Tracer, published: _Published, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._tracer = tracer
        self._published = published

    def send_round(self, limit: int, now: float) -> tuple[int, int]:
        if self._round is not None:
            return super().send_round(limit, now)
        events = self._waiting[:ROUND_EVENTS]
        attributes = {**_attributes("process", len(events)), "orders_events.readers": len(self.subscriptions)}
        with self._tracer.start_as_current_span(
            "deliver orders", kind=SpanKind.CONSUMER, links=self._published.links(events), attributes=attributes
        ):
            return super().send_round(limit, now)


def _attributes(operation: str, events: int) -> dict[str, str | int]:
    return {
        "messaging.system": "orders_events",
        "messaging.destination.name": "orders",
        "messaging.operation.type": operation,
        "messaging.batch.message_count": events,
    }
