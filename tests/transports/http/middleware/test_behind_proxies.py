"""The address of a client that a request comes from, as the application sees it: through trusted proxies, and without any."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from app.access.forwarded import TrustedProxies
from app.server.config import Config
from app.server.connections.timetable import Timetable
from app.transports.http.middleware.behind_proxies import behind_proxies
from tests.support.server_process import QUICK, ServerProcess
from tests.transports.http.orders import EVENTS
from tests.transports.http.wire import Wire


async def show_client(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse(repr(scope["client"]))(scope, receive, send)


@pytest.mark.parametrize(
    ("headers", "client"),
    [
        ({"X-Forwarded-For": "203.0.113.7"}, "('203.0.113.7', 0)"),
        ({"Forwarded": "for=203.0.113.7"}, "('203.0.113.7', 0)"),
        ({}, "None"),
    ],
)
def test_client_of_a_request_is_the_one_that_a_trusted_proxy_names(headers: dict[str, str], client: str) -> None:
    application = behind_proxies(show_client, TrustedProxies([ip_network("127.0.0.1")]))
    assert TestClient(application, client=("127.0.0.1", 50_000)).get("/", headers=headers).text == client


def test_clients_behind_a_trusted_proxy_are_limited_one_by_one() -> None:
    limits = ("--trusted-proxy", "127.0.0.1", "--max-streams-per-address", "1")
    with (
        ServerProcess("--store", "memory:", *QUICK, *limits) as server,
        Wire(server.port) as one,
        Wire(server.port) as again,
        Wire(server.port) as other,
    ):
        forged = "X-Forwarded-For: 198.51.100.1, 203.0.113.7"
        one.get(EVENTS, "X-Forwarded-For: 203.0.113.7")
        assert b"stream.checkpoint" in one.chunk()
        again.get(EVENTS, forged)
        assert b'"overloaded"' in again.chunk()
        other.get(EVENTS, "X-Forwarded-For: 203.0.113.8")
        assert b"stream.checkpoint" in other.chunk()


def test_server_believes_no_proxy_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    config = Config(show_client, Timetable(lambda: 0.0))
    config.load()
    assert config.loaded_app is show_client
