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
def counting() -> Iterator[tuple[ServerProcess, httpx.Client]]:
    """A server that nothing else uses; it keeps the newest 50 events."""
    arguments = ("--store", "memory:", "--heartbeat-seconds", "1", "--retain-events", "50")
    with ServerProcess(*arguments) as server, httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client:
        yield server, client


def test_metrics_are_in_the_format_of_prometheus(http: httpx.Client) -> None:
    response = http.get("/metrics")
    families = {family.name: family for family in text_string_to_metric_families(response.text)}

    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert response.headers["cache-control"] == "no-store"
    assert {name: family.type for name, family in families.items()} == {
        "orders_events_build_info": "gauge",
        "orders_events_streams": "gauge",
        "orders_events_stream_lag_events": "gauge",
        "orders_events_log_head_offset": "gauge",
        "orders_events_log_floor_offset": "gauge",
        "orders_events_events_published": "counter",
        "orders_events_events_duplicate": "counter",
        "orders_events_events_delivered": "counter",
        "orders_events_stream_gaps": "counter",
        "orders_events_streams_closed": "counter",
        "orders_events_streams_refused": "counter",
        "orders_events_websockets": "gauge",
        "orders_events_websockets_closed": "counter",
        "orders_events_requests_refused": "counter",
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
    before = metric(http, "orders_events_events_delivered_total")
    for _ in range(3):
        read_stored(http, from_="earliest", orderId=order)
    assert metric(http, "orders_events_events_delivered_total") == before + 6


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
