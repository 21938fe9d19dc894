"""Errors that belong to no operation, and the form that all errors have."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.support.server_process import ServerProcess
from tests.transports.http.orders import EVENTS, metric, shipped
from tests.transports.http.wire import Wire

PATHS = {
    EVENTS: {"GET", "HEAD", "POST"},
    "/event-types": {"GET", "HEAD"},
    "/event-types/order.shipped/1.0.0": {"GET", "HEAD"},
    "/openapi.json": {"GET", "HEAD"},
    "/openapi.yaml": {"GET", "HEAD"},
    "/health/live": {"GET", "HEAD"},
    "/health/ready": {"GET", "HEAD"},
    "/metrics": {"GET", "HEAD"},
    "/session": {"POST", "DELETE"},
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
UNKNOWN_PATHS = [
    "/nonsense",
    "/events",
    "/events/",
    "/events/orders/",
    "/events/orders/x",
    "/EVENTS/ORDERS",
    "//events/orders",
    "/events//orders",
    "/ui",
    "/openapi.xml",
    "/event-types/",
    "/event-types/order.shipped",
    "/event-types/order.shipped/1.0.0/x",
    "/events/orders%00",
    "/%2e%2e/etc/passwd",
    "/../../etc/passwd",
    "/{{7*7}}",
    "/" + "x" * 10_000,
]


@pytest.mark.parametrize("path", UNKNOWN_PATHS, ids=lambda path: path[:40])
def test_an_unknown_path_is_404(server: ServerProcess, path: str) -> None:
    with Wire(server.port) as wire:
        head = wire.get(path)
        body = wire.body(head)
    assert head.status == 404
    assert head.one("content-type") == "application/problem+json"
    assert len(body) <= 2048
    assert json.loads(body)["type"] == "/problems/not-found"


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [(path, method, allowed) for path, allowed in PATHS.items() for method in METHODS if method not in allowed],
)
def test_another_method_is_405_with_all_methods_that_are_allowed(
    http: httpx.Client, path: str, method: str, allowed: set[str]
) -> None:
    response = http.request(method, path)
    assert response.status_code == 405
    assert response.headers["content-type"] == "application/problem+json"
    assert set(response.headers["allow"].replace(" ", "").split(",")) == allowed
    assert method == "HEAD" or response.json()["type"] == "/problems/method-not-allowed"


@pytest.mark.parametrize("method", ["FOO", "events", "PROPFIND"])
def test_an_invented_method_is_not_a_server_error(server: ServerProcess, method: str) -> None:
    with Wire(server.port) as wire:
        head = wire.get(EVENTS, method=method)
        body = wire.body(head)
    assert head.status in {400, 405}
    assert head.one("content-type") == "application/problem+json"
    assert json.loads(body)["status"] == head.status


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", f"{EVENTS}?limit=0", {}),
        ("GET", EVENTS, {"Accept": "text/html"}),
        ("GET", f"{EVENTS}?lastEventId=nope", {"Accept": "application/json"}),
        ("GET", "/nonsense", {}),
        ("DELETE", EVENTS, {}),
        ("POST", EVENTS, {}),
        ("POST", EVENTS, {"Content-Type": "application/json"}),
        ("GET", "/event-types/order.lost/1.0.0", {}),
    ],
)
def test_every_problem_has_the_members_of_rfc_9457_and_is_not_kept(
    http: httpx.Client, method: str, path: str, headers: dict[str, str]
) -> None:
    response = http.request(method, path, headers=headers)
    problem = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    assert problem["status"] == response.status_code
    assert problem["type"].startswith("/problems/")
    assert problem["title"]
    assert problem["detail"].endswith(".")
    assert len(response.content) <= 2048


def test_a_problem_for_head_has_no_body(server: ServerProcess) -> None:
    with Wire(server.port) as wire:
        head = wire.get("/nonsense", method="HEAD")
        assert head.status == 404
        assert wire.get("/health/live").status == 200  # the next bytes are the next response


def test_refusals_are_counted_by_problem(http: httpx.Client) -> None:
    before = metric(http, "orders_events_requests_refused_total", problem="not-found")
    for _ in range(3):
        http.get("/nonsense")
    assert metric(http, "orders_events_requests_refused_total", problem="not-found") == before + 3


def test_no_answer_lets_a_browser_guess_its_type(server: ServerProcess, http: httpx.Client) -> None:
    paths = [path for path, methods in PATHS.items() if "GET" in methods]
    answers = [
        http.get(path, headers={"Accept": "*/*;q=0.1, application/json"}) for path in (*paths, "/docs", "/nonsense")
    ]
    answers.append(http.post(EVENTS, json=shipped()))
    assert {answer.headers["x-content-type-options"] for answer in answers} == {"nosniff"}
    with Wire(server.port) as wire:
        wire.send(b"GET / HTTP/1.1\r\n\r\n")
        assert wire.head().one("x-content-type-options") == "nosniff"
