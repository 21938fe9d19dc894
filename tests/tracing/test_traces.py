"""An event is followed from its producer to its readers: one span for the publish request, one for each round, with a link."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from app.events.delivery.fan_out import FanOut
from app.events.delivery.stream_item import StreamItem
from app.events.delivery.subscription import Subscription
from app.events.filter import EVERYTHING, Filter
from app.events.log.event_log import EventLog
from app.stores.memory import MemoryStore
from tests.events.logs import SHIPPED, event, start
from tests.support.server_process import ServerProcess
from tests.transports.http.orders import eventually, publish, shipped
from tests.transports.http.wire import PATIENCE_SECONDS

try:
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from app.tracing.open_telemetry import OpenTelemetryTracing
except ModuleNotFoundError:
    pytest.skip("The packages of orders-events[otel] are not installed.", allow_module_level=True)

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"


class Traced:
    """A log and its fan-out with traces, and the spans that have ended."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.tracing = OpenTelemetryTracing(SimpleSpanProcessor(self._exporter))
        self.log: EventLog = self.tracing.log(MemoryStore())
        self.fan_out = FanOut(self.log, heartbeat_seconds=15, make_group=self.tracing.make_group)

    async def follow(self, filter: Filter, count: int) -> None:
        for _ in range(count):
            subscription = Subscription(self.log, await start(self.log), filter, follow=True, limit=None)
            self.fan_out.open(subscription, Taking())

    def spans(self, name: str) -> list[Any]:
        return [span for span in self._exporter.get_finished_spans() if span.name == name]


class Taking:
    """A sink that takes everything."""

    def send(self, _item: StreamItem) -> bool:
        return True


@pytest.fixture
async def traced() -> Traced:
    made = Traced()
    await made.log.open()
    return made


async def test_a_round_is_one_span_with_a_link_to_each_publish_request(traced: Traced) -> None:
    await traced.follow(EVERYTHING, 50)
    await traced.follow(SHIPPED, 50)
    await asyncio.gather(traced.log.append([event("a"), event("b")]), traced.log.append([event("c")]))
    await asyncio.sleep(0)

    published = traced.spans("publish orders")
    rounds = traced.spans("deliver orders")
    assert [span.attributes["messaging.batch.message_count"] for span in published] == [2, 1]
    assert len(rounds) == 2, "One for each filter, however many readers there are."
    assert {each.attributes["orders_events.readers"] for each in rounds} == {50}
    for each in rounds:
        assert [link.context.span_id for link in each.links] == [span.context.span_id for span in published]


async def test_a_round_that_takes_several_turns_is_one_span(traced: Traced, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.events.delivery.fan_out.SENDS_PER_TURN", 10)
    await traced.follow(EVERYTHING, 95)
    await traced.log.append([event("a")])
    for _ in range(20):
        await asyncio.sleep(0)
    assert traced.fan_out.sent.events == 95
    assert len(traced.spans("deliver orders")) == 1


async def test_a_publish_request_belongs_to_the_trace_of_its_producer(traced: Traced) -> None:
    async def publishing(_scope: Scope, _receive: Receive, _send: Send) -> None:
        await traced.log.append([event("a")])

    async def nothing(*_: object) -> Any:
        return None

    scope = {"type": "http", "headers": [(b"traceparent", f"00-{TRACE}-{PARENT}-01".encode())]}
    await traced.tracing.application(publishing)(scope, nothing, nothing)
    await traced.tracing.application(publishing)(
        {"type": "http", "headers": [(b"traceparent", b"x")]}, nothing, nothing
    )
    first, second = traced.spans("publish orders")
    assert (f"{first.context.trace_id:032x}", f"{first.parent.span_id:016x}") == (TRACE, PARENT)
    assert second.parent is None
    assert second.context.trace_id != first.context.trace_id


async def test_spans_are_forgotten_when_there_are_many(traced: Traced, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.tracing.open_telemetry.SPANS_KEPT", 10)
    for number in range(100):
        await traced.log.append([event(str(number))])
    assert len(traced.tracing._published._spans) == 10


@contextmanager
def collector() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """A collector that keeps what is sent to it: paths and bodies."""
    received: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", received
        finally:
            server.shutdown()
            thread.join()


def test_a_server_sends_its_spans_to_the_collector_when_it_stops() -> None:
    with collector() as (endpoint, received):
        with ServerProcess("--store", "memory:", "--otlp-endpoint", endpoint) as server:
            with httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as http:
                publish(http, shipped())
            assert server.terminate() == 0
        assert eventually(lambda: bool(received))
    assert {path for path, _ in received} == {"/v1/traces"}
    assert b"publish orders" in b"".join(body for _, body in received)


def test_a_collector_that_does_not_answer_does_not_keep_a_server_from_its_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with ServerProcess("--store", "memory:", "--otlp-endpoint", endpoint) as server:
            with httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as http:
                publish(http, shipped())
            began = time.monotonic()
            assert server.terminate() == 0
    assert time.monotonic() - began < 8  # the exporter alone waits for ten


def test_a_call_over_grpc_belongs_to_the_trace_of_its_producer() -> None:
    pytest.importorskip("grpc_reflection", reason="The packages of orders-events[grpc] are not installed.")
    from tests.transports.grpc.foreign import GrpcClient  # noqa: PLC0415  # of an optional package
    from tests.transports.grpc.foreign import shipped as message  # noqa: PLC0415

    metadata = [("traceparent", f"00-{TRACE}-{PARENT}-01")]
    with collector() as (endpoint, received):
        with ServerProcess("--store", "memory:", "--otlp-endpoint", endpoint, "--grpc-port", "0") as server:
            with GrpcClient(server.grpc_address, metadata=metadata) as client:
                client.publish(message("or_traced"))
            assert server.terminate() == 0
        assert eventually(lambda: bool(received))
    sent = b"".join(body for _, body in received)
    assert bytes.fromhex(TRACE) in sent
    assert bytes.fromhex(PARENT) in sent


def test_without_the_packages_the_flag_says_what_to_install(tmp_path: Path) -> None:
    missing = "No module named opentelemetry"
    (tmp_path / "opentelemetry.py").write_text(f"raise ModuleNotFoundError({missing!r}, name='opentelemetry')\n")
    arguments = ("--store", "memory:", "--otlp-endpoint", "http://127.0.0.1:4318")
    with pytest.raises(AssertionError) as refused:
        ServerProcess(*arguments, environment={"PYTHONPATH": str(tmp_path)})
    line = (
        "orders-events: --otlp-endpoint needs the package opentelemetry, which is not installed: "
        "pip install 'orders-events[otel]'."
    )
    assert str(refused.value).endswith(f"ended with 1 before it listened:\n{line}\n")
