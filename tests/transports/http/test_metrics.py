"""What Prometheus reads, and that it moves as it should."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.server_process import ServerProcess
from tests.transports.http.orders import (
    EVENTS,
    cancelled,
    eventually,
    metric,
    new_order,
    publish,
    read_stored,
    shipped,
    streams_open,
)
from tests.transports.http.wire import PATIENCE_SECONDS, Wire


@pytest.fixture(scope="module")
def counting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ServerProcess, httpx.Client]]:
    """A server that nothing else uses; it keeps the newest 50 events."""
    store = f"sqlite:{tmp_path_factory.mktemp('counting') / 'orders.db'}"
    arguments = ("--store", store, "--heartbeat-seconds", "1", "--retain-events", "50")
    with ServerProcess(*arguments) as server, httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client:
        yield server, client


def test_metrics_are_in_the_format_of_prometheus(counting: tuple[ServerProcess, httpx.Client]) -> None:
    _, http = counting
    response = http.get("/metrics")
    families = {family.name: family for family in text_string_to_metric_families(response.text)}

    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert response.headers["cache-control"] == "no-store"
    assert {name: family.type for name, family in families.items()} == {
        "orders_events_build_info": "gauge",
        "orders_events_log_head_offset": "gauge",
        "orders_events_log_floor_offset": "gauge",
        "orders_events_log_bytes": "gauge",
        "orders_events_log_disk_free_bytes": "gauge",
        "orders_events_log_writable": "gauge",
        "orders_events_log_write_failures": "counter",
        "orders_events_commit_duration_seconds": "histogram",
        "orders_events_events_published": "counter",
        "orders_events_events_duplicate": "counter",
        "orders_events_events_refused": "counter",
        "orders_events_streams": "gauge",
        "orders_events_streams_behind": "gauge",
        "orders_events_stream_lag_events": "gauge",
        "orders_events_events_delivered": "counter",
        "orders_events_events_replayed": "counter",
        "orders_events_delivery_age_seconds": "histogram",
        "orders_events_stream_gaps": "counter",
        "orders_events_streams_closed": "counter",
        "orders_events_stream_duration_seconds": "histogram",
        "orders_events_streams_refused": "counter",
        "orders_events_connections": "gauge",
        "orders_events_connections_cut": "counter",
        "orders_events_connections_refused": "counter",
        "orders_events_websockets": "gauge",
        "orders_events_websockets_closed": "counter",
        "orders_events_grpc_calls": "gauge",
        "orders_events_requests_refused": "counter",
        "orders_events_request_duration_seconds": "histogram",
        "orders_events_tokens_refused": "counter",
        "process_virtual_memory_bytes": "gauge",
        "process_resident_memory_bytes": "gauge",
        "process_start_time_seconds": "gauge",
        "process_cpu_seconds": "counter",
        "process_open_fds": "gauge",
        "process_max_fds": "gauge",
    }
    assert all(family.documentation for family in families.values())


def test_published_events_are_counted_by_type_and_duplicates_apart(
    counting: tuple[ServerProcess, httpx.Client],
) -> None:
    _, http = counting
    names = ("orders_events_events_published_total", "orders_events_events_duplicate_total")
    before = metric(http, names[0], event_type="order.shipped"), metric(http, names[1])
    event = shipped(eventId=new_order())
    publish(http, event, cancelled())
    publish(http, event)

    assert metric(http, names[0], event_type="order.shipped") == before[0] + 1
    assert metric(http, names[1]) == before[1] + 1


def test_refused_events_are_not_counted_as_published(counting: tuple[ServerProcess, httpx.Client]) -> None:
    _, http = counting
    before = metric(http, "orders_events_events_published_total")
    http.post(EVENTS, json=[shipped(), {}])
    assert metric(http, "orders_events_events_published_total") == before
    assert metric(http, "orders_events_requests_refused_total", problem="contract-violation") >= 1


def test_delivered_events_are_counted_once_per_stream(counting: tuple[ServerProcess, httpx.Client]) -> None:
    _, http = counting
    order = new_order()
    publish(http, shipped(order), shipped(order), shipped())
    names = ("orders_events_events_delivered_total", "orders_events_stream_duration_seconds_count")
    delivered, ended = (metric(http, name) for name in names)
    for _ in range(3):
        read_stored(http, from_="earliest", orderId=order)
    assert metric(http, names[0]) == delivered + 6
    assert metric(http, names[1], transport="http") == ended + 3


def test_closings_are_counted_by_reason(counting: tuple[ServerProcess, httpx.Client]) -> None:
    _, http = counting
    publish(http, shipped(), shipped())
    before = {reason: metric(http, "orders_events_streams_closed_total", reason=reason) for reason in ("end", "limit")}
    read_stored(http, from_="earliest")
    read_stored(http, limit=1, from_="earliest")
    after = {reason: metric(http, "orders_events_streams_closed_total", reason=reason) for reason in ("end", "limit")}
    assert after == {reason: count + 1 for reason, count in before.items()}


def test_gaps_are_counted_by_reason(counting: tuple[ServerProcess, httpx.Client]) -> None:
    _, http = counting
    oldest, *_, newest = publish(http, *(shipped() for _ in range(100)))
    beyond = f"{newest.rsplit('-', 1)[0]}-{10**9}"
    asked = {"expired": oldest, "foreign": "nope", "ahead": beyond}
    for reason, last_event_id in asked.items():
        before = metric(http, "orders_events_stream_gaps_total", reason=reason)
        read_stored(http, lastEventId=last_event_id)
        assert metric(http, "orders_events_stream_gaps_total", reason=reason) == before + 1


def test_the_ends_of_the_log_are_shown(counting: tuple[ServerProcess, httpx.Client]) -> None:
    _, http = counting
    *_, newest = publish(http, *(shipped() for _ in range(100)))
    head = metric(http, "orders_events_log_head_offset")
    assert head == int(newest.rsplit("-", 1)[1])
    assert metric(http, "orders_events_log_floor_offset") == head - 50


def test_the_gauge_of_streams_counts_open_streams(counting: tuple[ServerProcess, httpx.Client]) -> None:
    server, http = counting
    assert eventually(lambda: streams_open(http) == 0)
    wires = [Wire(server.port) for _ in range(10)]
    for wire in wires:
        wire.get(EVENTS)
        wire.chunk()
    assert streams_open(http) == 10
    for wire in wires[:4]:
        wire.socket.close()
    assert eventually(lambda: streams_open(http) == 6)
    for wire in wires[4:]:
        wire.socket.close()
    assert eventually(lambda: streams_open(http) == 0)


def test_the_lag_is_that_of_the_slowest_stream(counting: tuple[ServerProcess, httpx.Client]) -> None:
    server, http = counting
    assert eventually(lambda: streams_open(http) == 0)
    with Wire(server.port) as wire:
        wire.get(EVENTS)
        wire.chunk()
        assert metric(http, "orders_events_stream_lag_events") == 0
        publish(http, shipped())
        wire.until(b"order.shipped")
        assert eventually(lambda: metric(http, "orders_events_stream_lag_events") == 0)
    with Wire(server.port, receive_buffer=4096) as stalled:
        stalled.get(EVENTS)
        stalled.chunk()

        def publish_until_it_lags() -> bool:
            publish(http, *(cancelled(reason="x" * 500) for _ in range(1000)))
            return metric(http, "orders_events_stream_lag_events") > 0

        assert eventually(publish_until_it_lags)
    assert eventually(lambda: metric(http, "orders_events_stream_lag_events") == 0)


def test_a_commit_and_the_age_of_what_was_delivered_are_measured(
    counting: tuple[ServerProcess, httpx.Client],
) -> None:
    server, http = counting
    names = ("orders_events_commit_duration_seconds", "orders_events_delivery_age_seconds")
    with Wire(server.port) as wire:
        wire.get(EVENTS)
        wire.chunk()
        before = [metric(http, f"{name}_count") for name in names]
        publish(http, shipped())
        wire.until(b"order.shipped")
    for name, count in zip(names, before, strict=True):
        assert metric(http, f"{name}_count") > count
        assert metric(http, f"{name}_bucket", le="+Inf") == metric(http, f"{name}_count")
        assert 0 < metric(http, f"{name}_sum") < PATIENCE_SECONDS * metric(http, f"{name}_count")


def test_requests_are_measured_by_operation(counting: tuple[ServerProcess, httpx.Client]) -> None:
    _, http = counting
    name = "orders_events_request_duration_seconds_count"
    before = metric(http, name, operation="publishOrderEvents")
    publish(http, shipped())
    http.post(EVENTS, json={})
    assert metric(http, name, operation="publishOrderEvents") == before + 1, "A refused request does not count."
    assert metric(http, name, operation="getMetrics") > 1


def test_what_a_stream_reads_from_the_log_counts_as_replayed(counting: tuple[ServerProcess, httpx.Client]) -> None:
    _, http = counting
    order = new_order()
    publish(http, shipped(order), shipped(order))
    before = metric(http, "orders_events_events_replayed_total")
    read_stored(http, from_="earliest", orderId=order)
    assert metric(http, "orders_events_events_replayed_total") == before + 2
    assert metric(http, "orders_events_streams_behind") == 0


def test_connections_and_what_is_not_http_are_counted(counting: tuple[ServerProcess, httpx.Client]) -> None:
    server, http = counting
    assert eventually(lambda: metric(http, "orders_events_connections") == 1)
    with Wire(server.port) as wire:
        wire.get(EVENTS)
        wire.chunk()
        assert metric(http, "orders_events_connections") == 2
    with Wire(server.port) as nonsense:
        nonsense.send(b"nonsense\r\n\r\n")
        assert nonsense.head().status == 400
    assert metric(http, "orders_events_connections_refused_total", status="400") == 1
    assert eventually(lambda: metric(http, "orders_events_connections") == 1)


def test_the_log_takes_some_of_the_disk(counting: tuple[ServerProcess, httpx.Client]) -> None:
    _, http = counting
    publish(http, shipped())
    assert metric(http, "orders_events_log_bytes") > 4096
    assert metric(http, "orders_events_log_disk_free_bytes") > 0
    assert metric(http, "orders_events_log_writable") == 1
