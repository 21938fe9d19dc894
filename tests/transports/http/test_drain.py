"""A deploy: SIGTERM sends every stream its closing, ends it cleanly, and the process exits with code 0."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from tests.support.server_process import ServerProcess
from tests.transports.http.orders import (
    EVENTS,
    PAGE,
    Frame,
    cancelled,
    eventually,
    frames,
    metric,
    order_events,
    publish,
    read_stored,
    shipped,
)
from tests.transports.http.wire import PATIENCE_SECONDS, Wire, request

DRAIN = b'event: stream.closing\ndata: {"reason":"drain"}\n\n'
EXIT_SECONDS = 90  # a drain takes five at most, and what it must not wait for never ends


@contextmanager
def stalled_stream(server: ServerProcess, http: httpx.Client) -> Iterator[None]:
    """Hold a stream whose reader has stopped reading: it cannot be sent its closing, so a drain takes its full time, or until it leaves."""
    with Wire(server.port, receive_buffer=4096) as wire:
        wire.get(EVENTS)
        wire.chunk()

        def publish_until_it_lags() -> bool:
            publish(http, *(cancelled(reason="x" * 500) for _ in range(1000)))
            return metric(http, "orders_events_stream_lag_events") > 5000

        assert eventually(publish_until_it_lags)
        yield


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_every_stream_is_sent_its_closing_and_ended_cleanly_and_the_exit_code_is_0(number: signal.Signals) -> None:
    with ServerProcess("--store", "memory:", "--heartbeat-seconds", "30") as server:
        wires = [Wire(server.port) for _ in range(50)]
        for wire in wires:
            wire.get(EVENTS)
            wire.chunk()
        server.signal(number)
        for wire in wires:
            assert wire.chunk() == DRAIN
            assert wire.chunk() == b""
            assert wire.rest() == b""
            wire.socket.close()
        assert server.wait(EXIT_SECONDS) == 0
    assert "Traceback" not in "".join(server.output)


@contextmanager
def hangup_ignored() -> Iterator[None]:
    """Start processes as `nohup` does: what this process ignores, its children ignore."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGHUP, before)


def test_a_server_that_was_started_with_nohup_outlives_its_terminal() -> None:
    with hangup_ignored():
        server = ServerProcess("--store", "memory:", forked=False)
    with server, Wire(server.port) as wire:
        wire.get(EVENTS)
        wire.chunk()
        server.signal(signal.SIGHUP)
        with httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as http:
            publish(http, shipped())
        assert b"order.shipped" in wire.chunk()
        assert server.terminate(EXIT_SECONDS) == 0


def test_an_idle_server_stops_at_once() -> None:
    with ServerProcess("--store", "memory:") as server:
        assert server.terminate(EXIT_SECONDS) == 0


def test_a_stream_of_http_1_0_is_sent_its_closing_too() -> None:
    with ServerProcess("--store", "memory:") as server, Wire(server.port) as wire:
        wire.get(EVENTS, version="1.0")
        wire.until(b"\n\n")
        server.signal(signal.SIGTERM)
        assert wire.rest() == DRAIN
        assert server.wait(EXIT_SECONDS) == 0


def test_an_idle_connection_and_a_stalled_request_do_not_hold_it() -> None:
    with ServerProcess("--store", "memory:") as server, Wire(server.port) as kept, Wire(server.port) as half:
        kept.body(kept.get("/health/live"))
        half.send(
            b"POST /events/orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
        )
        assert server.terminate(EXIT_SECONDS) == 0


def test_a_page_that_waits_is_answered() -> None:
    with ServerProcess("--store", "memory:") as server, Wire(server.port) as wire, Wire(server.port) as stream:
        wire.send(request(f"{EVENTS}?wait=30", "Accept: application/json"))
        # A stream that was asked for later has begun: the page waits by now.
        stream.get(EVENTS)
        stream.chunk()
        server.signal(signal.SIGTERM)
        head = wire.head()
        assert head.status in {200, 503}
        assert server.wait(EXIT_SECONDS) == 0


def test_a_stalled_reader_does_not_hold_it() -> None:
    with (
        ServerProcess("--store", "memory:") as server,
        httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as http,
        stalled_stream(server, http),
    ):
        assert server.terminate(EXIT_SECONDS) == 0
    assert "Traceback" not in "".join(server.output)


def test_requests_during_a_drain_are_asked_to_come_back() -> None:
    with ServerProcess("--store", "memory:", "--retry-ms", "70-90", module="tests.support.patient_server") as server:
        with httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as http, stalled_stream(server, http):
            server.signal(signal.SIGTERM)
            assert eventually(lambda: http.get("/health/ready").status_code == 503)

            stream = http.get(EVENTS, headers={"Accept": "text/event-stream"})
            ended = http.get(EVENTS, params={"follow": "false", "from": "earliest"})
            head = http.head(EVENTS)
            refused = [
                http.get("/health/ready"),
                http.get(EVENTS, headers=PAGE),
                http.get(EVENTS, params={"lastEventId": "nope"}, headers=PAGE),
                http.post(EVENTS, json=shipped()),
                http.post(EVENTS, json={}),
            ]
            bad = http.get(EVENTS, params={"limit": 0})
            live = http.get("/health/live")
            server.signal(signal.SIGTERM)
            server.signal(signal.SIGINT)
            still_live = http.get("/health/live")
        assert server.wait(EXIT_SECONDS) == 0

    for each in (stream, ended):
        assert each.status_code == 200
        first, closing = frames(each.text)
        assert 70 <= int(first.retry or "") <= 90
        assert (first.event, closing) == ("stream.checkpoint", Frame(None, "stream.closing", '{"reason":"drain"}'))
    assert head.status_code == 200
    for answer in refused:
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        assert answer.json()["type"] == "/problems/unavailable"
    assert bad.status_code == 400
    assert (live.status_code, still_live.status_code) == (200, 200)
    assert "Traceback" not in "".join(server.output)


def test_events_acknowledged_before_the_end_are_there_after_a_restart(tmp_path: Path) -> None:
    store = f"sqlite:{tmp_path / 'log.db'}"
    acknowledged: list[str] = []
    refusals: list[int] = []
    under_way = threading.Event()

    def produce(url: str) -> None:
        with httpx.Client(base_url=url, timeout=PATIENCE_SECONDS) as client, suppress(httpx.TransportError):
            while (response := client.post(EVENTS, json=shipped())).status_code == 201:
                acknowledged.append(response.json()["events"][0]["id"])
                if len(acknowledged) == 20:
                    under_way.set()
            refusals.append(response.status_code)

    with ServerProcess("--store", store) as server, Wire(server.port) as wire:
        wire.get(EVENTS)
        producer = threading.Thread(target=produce, args=(server.url,))
        producer.start()
        assert under_way.wait(PATIENCE_SECONDS)
        server.signal(signal.SIGTERM)
        stream = wire.chunks()
        assert server.wait(EXIT_SECONDS) == 0
        producer.join(PATIENCE_SECONDS)
    with ServerProcess("--store", store) as server, httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as http:
        stored = [event_id for event_id, _ in order_events(read_stored(http, from_="earliest"))]

    assert set(refusals) <= {503}
    assert stream.endswith(DRAIN)
    assert [event_id for event_id in stored if event_id in set(acknowledged)] == acknowledged


def test_a_client_that_comes_back_with_its_id_after_a_restart_misses_nothing(tmp_path: Path) -> None:
    store = f"sqlite:{tmp_path / 'log.db'}"
    with (
        ServerProcess("--store", store) as server,
        httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as http,
        Wire(server.port) as wire,
    ):
        wire.get(EVENTS)
        *_, last_event_id = (line for line in wire.chunk().decode().split("\n") if line.startswith("id: "))
        before = publish(http, shipped())
        assert server.terminate(EXIT_SECONDS) == 0
    with ServerProcess("--store", store) as server, httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as http:
        between = publish(http, shipped())
        page = http.get(EVENTS, headers={**PAGE, "Last-Event-ID": last_event_id.removeprefix("id: ")}).json()
    assert [event["id"] for event in page["events"]] == before + between


def test_the_log_says_nothing_while_all_is_well() -> None:
    with (
        ServerProcess("--store", "memory:") as server,
        httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as http,
    ):
        publish(http, shipped())
        http.get("/nonsense")
        http.post(EVENTS, content=b"{")
        assert server.terminate(EXIT_SECONDS) == 0
    assert not [line for line in server.output if "error" in line.lower() or "Traceback" in line]
