"""A server with a public URL and a lower limit serves the contract at the same paths, and keeps to what its document says."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.support.server_process import ServerProcess
from tests.transports.http.orders import EVENTS, PAGE

URL = "https://example.com/orders"
LIMIT = 16_384


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with (
        ServerProcess("--store", "memory:", "--public-url", URL, "--max-body-bytes", str(LIMIT)) as server,
        httpx.Client(base_url=server.url, timeout=60) as client,
    ):
        yield client


def test_path_of_the_public_url_is_that_of_a_proxy(http: httpx.Client) -> None:
    document = http.get("/openapi.json").json()
    assert document["servers"][0]["url"] == URL
    assert http.get(EVENTS, headers=PAGE).status_code == 200
    assert http.get(f"/orders{EVENTS}", headers=PAGE).status_code == 404
    assert http.get("/health/live", headers={"Host": "example.com"}).status_code == 200
    assert URL + EVENTS in http.get("/docs").text


@pytest.mark.parametrize(("size", "status"), [(LIMIT, 400), (LIMIT + 1, 413)])
def test_body_above_the_limit_is_too_large(http: httpx.Client, size: int, status: int) -> None:
    answer = http.post(EVENTS, content=b" " * size, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert (str(LIMIT) in answer.json()["detail"]) is (status == 413)
