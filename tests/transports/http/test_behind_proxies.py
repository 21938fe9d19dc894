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
from app.transports.http.behind_proxies import behind_proxies


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


def test_server_believes_no_proxy_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    config = Config(show_client, Timetable(lambda: 0.0))
    config.load()
    assert config.loaded_app is show_client
