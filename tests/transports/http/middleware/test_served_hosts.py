"""A request for a host that is not the server's own is refused, so that no web page gets at a server by DNS rebinding."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from app.settings import Settings
from app.transports.http.middleware.served_hosts import only_for_hosts
from tests.support.server_process import ServerProcess
from tests.transports.http.orders import EVENTS
from tests.transports.http.wire import Wire, post, request
from tests.transports.websocket.raw_socket import opening

SETTINGS = Settings(
    host="orders.internal", public_url="https://shop.example:8443/orders", host_names=("orders_events",)
)
SERVED = [
    "127.0.0.1:8000",
    "192.168.1.20",
    "[::1]:8000",
    "[2001:db8::7]",
    "localhost",
    "LocalHost.:3000",
    "orders.internal:8000",
    "shop.example",
    "Shop.Example.:443",
    "orders_events",
]
OTHERS = [
    "evil.example",
    "evil.example:8000",
    "shop.example.evil.example",
    "evilshop.example",
    "127.0.0.1.evil.example",
    "2130706433",
    "0x7f.1",
    "localhost..",
    "%6cocalhost",
    "",
]


def answer_to(host: str) -> httpx.Response:
    application = only_for_hosts(
        PlainTextResponse("served"), SETTINGS.served_hosts, lambda _, error: PlainTextResponse(str(error), 421)
    )
    answer: httpx.Response = TestClient(application).get("/", headers={"Host": host})
    return answer


@pytest.mark.parametrize("host", SERVED)
def test_host_of_the_server_is_answered(host: str) -> None:
    assert answer_to(host).text == "served"


@pytest.mark.parametrize("host", OTHERS)
def test_another_host_is_refused(host: str) -> None:
    answer = answer_to(host)
    assert answer.status_code == 421
    assert repr(host) in answer.text


@pytest.fixture(scope="module")
def named_server() -> Iterator[ServerProcess]:
    with ServerProcess("--store", "memory:", "--host-name", "orders.example") as running:
        yield running


REBOUND = {
    "read": request(EVENTS),
    "publish": post(EVENTS, b"{}"),
    "page of the docs": request("/docs"),
    "upgrade": opening(),
    "whole url": b"GET http://evil.example/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


@pytest.mark.parametrize("kind", REBOUND)
def test_request_of_a_rebound_page_is_refused_with_the_setting_that_would_allow_it(
    named_server: ServerProcess, kind: str
) -> None:
    with Wire(named_server.port) as wire:
        wire.send(REBOUND[kind].replace(b"Host: localhost", b"Host: evil.example:8000", kind != "whole url"))
        head = wire.head()
        problem = json.loads(wire.body(head))
        assert wire.get("/health/live").status == 200  # the connection goes on
    assert (head.status, problem["status"], problem["type"]) == (421, 421, "/problems/misdirected-request")
    assert "'evil.example" in problem["detail"]
    assert "--host-name" in problem["detail"]


def test_named_host_and_request_without_a_host_are_answered(named_server: ServerProcess) -> None:
    for sent in (
        b"GET /health/live HTTP/1.1\r\nHost: orders.example:8000\r\n\r\n",
        b"GET /health/live HTTP/1.0\r\n\r\n",
    ):
        with Wire(named_server.port) as wire:
            wire.send(sent)
            assert wire.head().status == 200


def test_long_host_makes_no_long_answer(named_server: ServerProcess) -> None:
    with Wire(named_server.port) as wire:
        wire.send(b"GET / HTTP/1.1\r\nHost: " + b"evil." * 2000 + b"example\r\n\r\n")
        head = wire.head()
        assert head.status == 421
        assert len(wire.body(head)) <= 2048
