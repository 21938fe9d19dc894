"""Both clients at a server with keys: a token that expires costs a stream nothing, on any transport."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest

from app.client import RequestRefused
from app.client.transports.choice import Transport
from tests.client.kinds import Kind
from tests.support.server_process import QUICK, ServerProcess
from tests.support.tokens import token, token_settings
from tests.transports.grpc.conftest import GRPC_IS_INSTALLED
from tests.transports.http.orders import publish, shipped

pytestmark = pytest.mark.usefixtures("quick_reconnections")

TRANSPORTS: list[Transport] = ["sse", "websocket", *(["grpc"] if GRPC_IS_INSTALLED else [])]  # type: ignore[list-item]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    port = ("--grpc-port", "0") if GRPC_IS_INSTALLED else ()
    settings = token_settings(tmp_path_factory.mktemp("keys"))
    with ServerProcess("--store", "memory:", *port, *QUICK, *settings) as running:
        yield running


def url_for(server: ServerProcess, transport: Transport) -> str:
    return f"grpc://{server.grpc_address}" if transport == "grpc" else server.url


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_stream_goes_on_with_the_next_token(client: Kind, server: ServerProcess, transport: Transport) -> None:
    published: list[str] = []
    with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {token()}"}, timeout=60) as http:
        published.extend(publish(http, shipped("or_before")))

        def next_token() -> str:
            published.extend(publish(http, shipped()))
            return token(exp=int(time.time()) + 2)

        values = client.read(
            url_for(server, transport), count=2, after=published[0], transport=transport, token=next_token
        )
    assert [each.id for each in values] == published[1:3]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_token_without_the_scope_is_refused(client: Kind, server: ServerProcess, transport: Transport) -> None:
    with pytest.raises(RequestRefused, match="orders:read") as refused:
        client.read(url_for(server, transport), transport=transport, token=token(scope="orders:publish"))
    assert refused.value.status == 403


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_missing_token_is_refused(client: Kind, server: ServerProcess, transport: Transport) -> None:
    with pytest.raises(RequestRefused) as refused:
        client.publish(url_for(server, transport), [shipped()], transport=transport)
    assert refused.value.status == 401
