"""Clients that people have and that offer HTTP/2, close their side, or wait for `100 Continue`: Java's own, curl, nc."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.support.programs import needed, unavailable
from tests.support.server_process import ServerProcess
from tests.transports.http.orders import EVENTS, frames, new_order, order_events, publish, read_page, shipped
from tests.transports.http.wire import PATIENCE_SECONDS, post, request

SOURCE = Path(__file__).parent / "Publish.java"
OFFER = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"


def run(*command: str, given: bytes = b"") -> bytes:
    return subprocess.run(command, input=given, capture_output=True, timeout=PATIENCE_SECONDS, check=True).stdout


@pytest.fixture
def java() -> str:
    """The launcher of a development kit: a runtime alone cannot run a source file."""
    launcher = needed("java")
    return launcher if needed("javac") else unavailable("javac is not installed.")


@pytest.fixture
def curl() -> str:
    path = needed("curl")
    return path if b" HTTP2 " in run(path, "--version") else unavailable("This curl does not speak HTTP/2.")


def test_default_client_of_java_publishes_and_reads(java: str) -> None:
    orders = [new_order() for _ in range(3)]
    events = [json.dumps(shipped(order)) for order in orders]
    with ServerProcess("--store", "memory:") as server:
        *statuses, page = run(java, str(SOURCE), server.events_url, *events).decode().splitlines()
    assert statuses == ["201", "201", "201", "200"]
    assert [event["data"]["orderId"] for event in json.loads(page)["events"]] == orders


@pytest.mark.parametrize("body", ["event", "request"])
@pytest.mark.parametrize("framing", [(), ("-H", "Transfer-Encoding: chunked"), ("-H", "Expect: 100-continue")], ids=str)
def test_curl_with_an_offer_of_http_2_publishes(
    server: ServerProcess, http: httpx.Client, curl: str, framing: tuple[str, ...], body: str
) -> None:
    order = new_order()
    smuggled = post(EVENTS, json.dumps(shipped(order)).encode())
    given = {"event": json.dumps(shipped(order)).encode(), "request": smuggled}[body]
    form = ("-H", "Content-Type: application/json", "--data-binary", "@-", *framing)
    status = run(
        curl, "-s", "-o", "-", "-w", "\n%{http_code} %{http_version}", "--http2", *form, server.events_url, given=given
    )
    assert status.splitlines()[-1] == {"event": b"201 1.1", "request": b"400 1.1"}[body]
    stored = read_page(http, from_="earliest", orderId=order)["events"]
    assert len(stored) == {"event": 1, "request": 0}[body]


def test_curl_with_an_offer_of_http_2_reads_a_stream(server: ServerProcess, http: httpx.Client, curl: str) -> None:
    order = new_order()
    ids = publish(http, shipped(order), shipped(order))
    stream = run(curl, "-sN", "--http2", f"{server.events_url}?from=earliest&orderId={order}&limit=2").decode()
    assert [event_id for event_id, _ in order_events(frames(stream))] == ids


@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_nc_publishes_and_reads_a_finite_stream(server: ServerProcess, http: httpx.Client, version: str) -> None:
    order = new_order()
    nc = (needed("nc"), "-N", "127.0.0.1", str(server.port))  # -N closes its side at the end of the input
    published = run(*nc, given=post(EVENTS, json.dumps(shipped(order)).encode(), version=version))
    assert published.startswith(b"HTTP/1.1 201 ")
    (event,) = read_page(http, from_="earliest", orderId=order)["events"]
    target = f"{EVENTS}?from=earliest&follow=false&orderId={order}"
    stream = run(*nc, given=request(target, OFFER, version=version))
    assert f"id: {event['id']}\n".encode() in stream
    assert b'event: stream.closing\ndata: {"reason":"end"}\n\n' in stream
