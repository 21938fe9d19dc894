"""The configurations of deploy/: what a client sees through each proxy is what the server promises."""

from __future__ import annotations

import subprocess
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.browser.following import PATIENCE_SECONDS, curl_following
from tests.deploy.fronts import DEPLOY, Front, caddy, find_caddy, nginx
from tests.support.programs import needed
from tests.transports.http.orders import (
    EVENTS,
    cancelled,
    eventually,
    frames,
    new_order,
    publish,
    shipped,
    streams_open,
)

EVENT_STREAM = {"Accept": "text/event-stream"}


@pytest.mark.parametrize("coding", [[], ["--compressed"]], ids=["plain", "compressed"])
def test_each_event_passes_at_once_over_http_2(
    front: Front, http: httpx.Client, tmp_path: Path, coding: list[str]
) -> None:
    head = tmp_path / "head"
    options = ["--http2", *coding, "--cacert", str(front.authority), "--dump-header", str(head)]
    with curl_following(needed("curl"), f"{front.url}{EVENTS}", *options) as following:
        assert following.first().type == "stream.checkpoint"
        for _ in range(3):
            (event_id,) = publish(http, shipped())
            following.through(event_id)  # the next is published only after this one has come through
    assert head.read_text().startswith("HTTP/2 200")
    assert ("content-encoding: gzip" in head.read_text()) == bool(coding)


def test_a_compressed_stream_passes_event_by_event_and_untouched(http: httpx.Client) -> None:
    order, decoder = new_order(), zlib.decompressobj(31)  # at the end it checks the CRC and the length
    query = {"orderId": order, "limit": "20"}
    with http.stream("GET", EVENTS, params=query, headers={**EVENT_STREAM, "Accept-Encoding": "gzip"}) as response:
        assert response.headers["content-encoding"] == "gzip"
        assert response.headers["vary"] == "Accept-Encoding"
        assert response.headers["cache-control"] == "no-store, no-transform"
        plain = (decoder.decompress(piece).decode() for piece in response.iter_raw())
        received = next(plain)
        for _ in range(20):
            (event_id,) = publish(http, shipped(order))
            while f"id: {event_id}\n" not in received:
                received += next(plain)
        received += "".join(plain)
    assert received.endswith('\n\nevent: stream.closing\ndata: {"reason":"limit"}\n\n')
    assert decoder.eof
    assert decoder.unused_data == b""


def test_a_compressed_page_passes_unchanged(front: Front, http: httpx.Client) -> None:
    order = new_order()
    publish(http, *(shipped(order) for _ in range(50)))
    headers = {"Accept": "application/json", "Accept-Encoding": "gzip"}
    bodies = []
    with httpx.Client(base_url=front.server.url, timeout=PATIENCE_SECONDS, trust_env=False) as direct:
        for client in (http, direct):
            query = {"orderId": order, "from": "earliest"}
            with client.stream("GET", EVENTS, params=query, headers=headers) as answer:
                assert answer.headers["content-encoding"] == "gzip"
                bodies.append(b"".join(answer.iter_raw()))
    assert bodies[0] == bodies[1]


def test_a_stream_ends_at_the_server_when_its_reader_has_left(http: httpx.Client) -> None:
    with http.stream("GET", EVENTS, headers=EVENT_STREAM) as response:
        pieces = response.iter_raw()  # kept: the stream ends with it
        next(pieces)
        assert eventually(lambda: streams_open(http) == 1, PATIENCE_SECONDS)
    assert eventually(lambda: streams_open(http) == 0, PATIENCE_SECONDS)


def test_browsers_are_told_to_come_back_over_tls(http: httpx.Client) -> None:
    assert http.get("/health/live").headers["strict-transport-security"] == "max-age=31536000"


def test_nginx_limits_the_streams_of_a_client(tmp_path: Path) -> None:
    with (
        nginx(tmp_path, limits={"limit_conn streams 200;": "limit_conn streams 1;"}) as front,
        front.client() as http,
        http.stream("GET", EVENTS, headers=EVENT_STREAM) as first,
    ):
        pieces = first.iter_raw()  # kept: the stream ends with it
        next(pieces)
        second = http.get(EVENTS, headers=EVENT_STREAM)
        page = http.get(EVENTS, headers={"Accept": "application/json"})
    retry, closing = frames(second.text)
    assert (second.status_code, second.headers["content-type"]) == (200, "text/event-stream")
    assert int(retry.retry or "") >= 15_000
    assert (closing.event, closing.data) == ("stream.closing", '{"reason":"overloaded"}')
    assert (page.status_code, page.json()["type"]) == (429, "/problems/too-many-requests")
    assert page.headers["retry-after"] == "5"
    assert "orders?" not in (tmp_path / "access.log").read_text()


def test_the_longest_body_passes(http: httpx.Client) -> None:
    events = [cancelled(reason="x" * 500, eventId=f"long-{number}-" + "e" * 100) for number in range(1_000)]
    publish(http, *events)


def test_a_server_that_cannot_be_reached_is_a_stream_that_says_come_back(front: Front, http: httpx.Client) -> None:
    front.stop()
    try:
        with ThreadPoolExecutor() as pool:  # a proxy may wait some seconds for the server
            streamed = pool.submit(http.get, EVENTS, headers=EVENT_STREAM)
            refused = [
                pool.submit(http.post, EVENTS, json=shipped()),
                pool.submit(http.get, EVENTS, headers={"Accept": "application/json"}),
                pool.submit(http.get, "/docs", headers=EVENT_STREAM),
            ]
    finally:
        front.start()
    stream = streamed.result()
    assert (stream.status_code, stream.headers["content-type"]) == (200, "text/event-stream")
    retry, closing = frames(stream.text)
    assert retry.retry in {"2000", "3000", "4000", "5000"}
    assert (closing.event, closing.data) == ("stream.closing", '{"reason":"unavailable"}')
    for answer in (each.result() for each in refused):
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == "/problems/unavailable"


def test_problems_of_the_server_pass_unchanged(http: httpx.Client) -> None:
    answer = http.get(EVENTS, params={"eventTypes": "nope"}, headers=EVENT_STREAM)
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/invalid-parameter")


def test_the_caddyfile_is_formatted() -> None:
    command = [find_caddy(), "fmt", "--diff", str(DEPLOY / "Caddyfile")]
    formatted = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert [line for line in formatted.splitlines() if line.startswith(("+", "-"))] == []


def test_http_3_is_offered(tmp_path: Path) -> None:
    with caddy(tmp_path) as front, front.client() as http:
        assert http.get("/health/live").headers["alt-svc"].startswith("h3=")
