"""`--observe`: health and metrics on a listener of their own, without a token and without anything else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.ports import own_port
from tests.support.server_process import ServerProcess
from tests.transports.http.orders import EVENTS
from tests.transports.http.wire import PATIENCE_SECONDS

KEYS = ("--algorithm", "HS256", "--issuer", "https://id.example", "--public-url", "https://orders.example")


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ServerProcess, httpx.Client]]:
    """A server that demands tokens, and a client of its listener for operators."""
    secret = tmp_path_factory.mktemp("keys") / "secret"
    secret.write_text("0123456789abcdef" * 4)
    address = f"127.0.0.1:{own_port()}"
    arguments = ("--store", "memory:", "--jwt-secret-file", str(secret), *KEYS, "--observe", address)
    with (
        ServerProcess(*arguments) as server,
        httpx.Client(base_url=f"http://{address}", timeout=PATIENCE_SECONDS) as client,
    ):
        yield server, client


@pytest.mark.parametrize("path", ["/metrics", "/health/live", "/health/ready"])
def test_operators_need_no_token(observed: tuple[ServerProcess, httpx.Client], path: str) -> None:
    _, operator = observed
    answer = operator.get(path)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    head = operator.head(path)
    assert (head.status_code, head.content) == (200, b"")


def test_clients_need_a_token_as_before(observed: tuple[ServerProcess, httpx.Client]) -> None:
    server, _ = observed
    assert httpx.get(f"{server.url}/metrics", timeout=PATIENCE_SECONDS).status_code == 401
    assert httpx.get(server.events_url, timeout=PATIENCE_SECONDS).status_code == 401


@pytest.mark.parametrize("path", [EVENTS, "/", "/docs", "/openapi.json", "/metrics/", "/health"])
def test_operators_get_nothing_else(observed: tuple[ServerProcess, httpx.Client], path: str) -> None:
    _, operator = observed
    answer = operator.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_operators_cannot_publish(observed: tuple[ServerProcess, httpx.Client]) -> None:
    _, operator = observed
    assert operator.post(EVENTS, json={}).status_code == 404
    refused = operator.post("/metrics")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")


def test_a_page_of_another_site_reads_no_metrics(observed: tuple[ServerProcess, httpx.Client]) -> None:
    _, operator = observed
    assert operator.get("/metrics", headers={"Host": "evil.example"}).status_code == 421


def test_an_address_in_use_stops_the_start(tmp_path: Path) -> None:
    with ServerProcess("--store", "memory:") as other, pytest.raises(AssertionError, match="Cannot listen on"):
        ServerProcess("--store", f"sqlite:{tmp_path / 'orders.db'}", "--observe", f"127.0.0.1:{other.port}")
