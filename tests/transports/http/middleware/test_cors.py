"""Which web pages of other origins may use the server: none, unless their origin is allowed by name."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.support.server_process import ServerProcess
from tests.transports.http.orders import EVENTS, shipped
from tests.transports.http.wire import PATIENCE_SECONDS, Wire

SHOP = "https://shop.example"
BACK_OFFICE = "http://localhost:3000"
EVIL = [
    "https://evil.example",
    "http://shop.example",
    "https://shop.example:8443",
    "https://shop.example.evil.example",
    "https://evilshop.example",
    "https://SHOP.example",
    "null",
    "*",
]


@pytest.fixture(scope="module")
def open_server() -> Iterator[ServerProcess]:
    with ServerProcess("--store", "memory:", "--cors-origin", SHOP, "--cors-origin", BACK_OFFICE) as server:
        yield server


@pytest.fixture
def allowing(open_server: ServerProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=open_server.url, timeout=PATIENCE_SECONDS) as client:
        yield client


def preflight(http: httpx.Client, origin: str, method: str = "GET", headers: str = "last-event-id") -> httpx.Response:
    asked = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    return http.options(EVENTS, headers=asked)


def test_by_default_no_origin_is_allowed(server: ServerProcess, http: httpx.Client) -> None:
    with Wire(server.port) as wire:
        stream = wire.get(EVENTS, f"Origin: {SHOP}")
    assert stream.status == 200
    for headers in (dict(stream.headers), dict(preflight(http, SHOP).headers), dict(http.get("/metrics").headers)):
        assert not [name for name in headers if name.startswith("access-control-")]


@pytest.mark.parametrize("origin", [SHOP, BACK_OFFICE])
def test_an_allowed_origin_reads_the_stream(open_server: ServerProcess, origin: str) -> None:
    with Wire(open_server.port) as wire:
        head = wire.get(EVENTS, f"Origin: {origin}", "Accept: text/event-stream")
        assert b"stream.checkpoint" in wire.chunk()
    assert head.one("access-control-allow-origin") == origin
    assert "origin" in head.one("vary").lower()
    assert head.all("access-control-allow-credentials") == []


def test_an_allowed_origin_may_send_the_last_event_id_and_a_token_and_publish(allowing: httpx.Client) -> None:
    for method, headers in (
        ("GET", "last-event-id"),
        ("GET", "cache-control"),
        ("GET", "authorization, last-event-id"),
        ("POST", "authorization, content-type"),
        ("POST", "content-type"),
        ("HEAD", "accept"),
    ):
        response = preflight(allowing, SHOP, method, headers)
        assert response.status_code in {200, 204}
        assert response.headers["access-control-allow-origin"] == SHOP
        assert method in response.headers["access-control-allow-methods"]
        allowed = response.headers["access-control-allow-headers"].lower().split(", ")
        assert set(headers.split(", ")) <= set(allowed)
        assert "origin" in response.headers["vary"].lower()


def test_an_allowed_origin_reads_problems_too(allowing: httpx.Client) -> None:
    for response in (
        allowing.get(f"{EVENTS}?limit=0", headers={"Origin": SHOP}),
        allowing.post(EVENTS, content=b"{", headers={"Origin": SHOP, "Content-Type": "application/json"}),
        allowing.get("/nonsense", headers={"Origin": SHOP}),
    ):
        assert response.status_code in {400, 404}
        assert response.headers["access-control-allow-origin"] == SHOP


def test_an_allowed_origin_reads_the_headers_that_tell_a_client_what_to_do(allowing: httpx.Client) -> None:
    response = allowing.get(f"{EVENTS}/page", headers={"Origin": SHOP})
    exposed = response.headers["access-control-expose-headers"].lower().split(", ")
    # A page of events and the answer to a publisher have no other place for a deprecation.
    assert {"retry-after", "deprecation", "sunset", "link", "www-authenticate"} <= {*exposed}


@pytest.mark.parametrize(
    "path", ["/client.js", "/client.follow.js", "/client.d.ts", "/client.worker.js", "/docs", "/openapi.json"]
)
def test_an_allowed_origin_imports_the_client_and_reads_the_documents(allowing: httpx.Client, path: str) -> None:
    response = allowing.get(path, headers={"Origin": SHOP})
    assert (response.status_code, response.headers["access-control-allow-origin"]) == (200, SHOP)
    again = allowing.get(path, headers={"Origin": SHOP, "If-None-Match": response.headers.get("etag", "none")})
    assert again.status_code in {304, 200}
    assert again.headers["access-control-allow-origin"] == SHOP
    assert "access-control-allow-origin" not in allowing.get(path, headers={"Origin": EVIL[0]}).headers
    assert "origin" in allowing.get(path).headers["vary"].lower(), (
        "A cache must not give this answer to an allowed origin."
    )


@pytest.mark.parametrize("origin", EVIL)
def test_another_origin_is_allowed_nothing(open_server: ServerProcess, allowing: httpx.Client, origin: str) -> None:
    with Wire(open_server.port) as wire:
        stream = wire.get(EVENTS, f"Origin: {origin}", "Cookie: session=1")
    page = allowing.get(EVENTS, headers={"Origin": origin, "Accept": "application/json"})
    assert stream.all("access-control-allow-origin") == []
    assert "access-control-allow-origin" not in page.headers
    assert "origin" in page.headers["vary"].lower(), "A cache must not give this answer to an allowed origin."
    assert "access-control-allow-origin" not in preflight(allowing, origin).headers


def test_a_method_that_does_not_exist_is_not_allowed(allowing: httpx.Client) -> None:
    response = preflight(allowing, SHOP, "DELETE")
    assert response.status_code == 400
    assert "DELETE" not in response.headers.get("access-control-allow-methods", "")


def test_clients_that_are_no_web_page_are_not_concerned(allowing: httpx.Client) -> None:
    assert allowing.post(EVENTS, json=shipped()).status_code == 201
    assert allowing.get(EVENTS, headers={"Accept": "application/json"}).status_code == 200


def test_options_without_a_preflight_is_a_problem(allowing: httpx.Client) -> None:
    response = allowing.options(EVENTS, headers={"Origin": SHOP})
    assert response.status_code == 405
    assert response.headers["content-type"] == "application/problem+json"
