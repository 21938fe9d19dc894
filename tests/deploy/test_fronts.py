"""The configurations of deploy/: what a client sees through each proxy is what the server promises."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.browser.following import PATIENCE_SECONDS, curl_following
from tests.deploy.fronts import DEPLOY, Front, caddy, find_caddy, nginx
from tests.support.programs import needed, unavailable
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


@pytest.fixture(scope="module", params=[caddy, nginx], ids=["caddy", "nginx"])
def front(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    run: Callable[[Path], AbstractContextManager[Front]] = request.param
    with run(tmp_path_factory.mktemp("front")) as running:
        yield running


@pytest.fixture
def http(front: Front) -> Iterator[httpx.Client]:
    with front.client() as client:
        yield client


def test_each_event_passes_at_once_over_http_2(front: Front, http: httpx.Client, tmp_path: Path) -> None:
    head = tmp_path / "head"
    options = ["--http2", "--cacert", str(front.authority), "--dump-header", str(head)]
    with curl_following(needed("curl"), f"{front.url}{EVENTS}", *options) as following:
        assert following.first().type == "stream.checkpoint"
        for _ in range(3):
            (event_id,) = publish(http, shipped())
            following.through(event_id)  # the next is published only after this one has come through
    assert head.read_text().startswith("HTTP/2 200")


def test_a_stream_ends_at_the_server_when_its_reader_has_left(http: httpx.Client) -> None:
    with http.stream("GET", EVENTS, headers=EVENT_STREAM) as response:
        pieces = response.iter_raw()  # kept: the stream ends with it
        next(pieces)
        assert eventually(lambda: streams_open(http) == 1, PATIENCE_SECONDS)
    assert eventually(lambda: streams_open(http) == 0, PATIENCE_SECONDS)


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
    assert retry.retry == "5000"
    assert (closing.event, closing.data) == ("stream.closing", '{"reason":"unavailable"}')
    for answer in (each.result() for each in refused):
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == "/problems/unavailable"


def test_problems_of_the_server_pass_unchanged(http: httpx.Client) -> None:
    answer = http.get(EVENTS, params={"eventTypes": "nope"}, headers=EVENT_STREAM)
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/invalid-parameter")


def test_grpc_passes_through_a_restart(front: Front) -> None:
    if find_spec("grpc") is None:
        unavailable("grpcio is not installed.")
    import grpc  # noqa: PLC0415

    from tests.transports.grpc import foreign  # noqa: PLC0415

    address, authority = urlsplit(front.url).netloc, front.authority.read_bytes()
    with foreign.GrpcClient(address, authority=authority) as client:
        stream = client.subscribe()
        last_id = next(stream).checkpoint.last_event_id
        (published,) = client.publish(foreign.shipped(new_order())).events
        assert next(foreign.events_of(stream)).id == published.id
        front.restart()
        rest: list[str] = []
        with pytest.raises(grpc.RpcError, match="UNAVAILABLE"):
            rest.extend(each.closing.reason for each in stream if each.HasField("closing"))
        assert rest == ["drain"]
    with foreign.GrpcClient(address, authority=authority) as client:
        assert next(foreign.events_of(client.subscribe(last_event_id=last_id))).id == published.id


def test_the_caddyfile_is_formatted() -> None:
    command = [find_caddy(), "fmt", "--diff", str(DEPLOY / "Caddyfile")]
    formatted = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert [line for line in formatted.splitlines() if line.startswith(("+", "-"))] == []


def test_http_3_is_offered(tmp_path: Path) -> None:
    with caddy(tmp_path) as front, front.client() as http:
        assert http.get("/health/live").headers["alt-svc"].startswith("h3=")
