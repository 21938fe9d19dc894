"""Responses that are not streams, for clients that accept gzip."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import httpx
import pytest

from tests.support.server_process import ServerProcess
from tests.transports.http.orders import EVENTS, cancelled, new_order, publish
from tests.transports.http.wire import Head, Wire, post

GZIP = "Accept-Encoding: gzip"
PAGE = "Accept: application/json"
DOCUMENTS = ["/openapi.json", "/openapi.yaml", "/openapi-3.2.json", "/openapi-clients.json", "/asyncapi.json"]


def get(server: ServerProcess, target: str, *headers: str) -> tuple[Head, bytes]:
    with Wire(server.port) as wire:
        head = wire.get(target, *headers)
        return head, wire.body(head)


@pytest.fixture(scope="module")
def off() -> Iterator[ServerProcess]:
    with ServerProcess("--store", "memory:", "--compression", "off") as server:
        yield server


@pytest.mark.parametrize("target", [*DOCUMENTS, "/metrics", "/docs"])
def test_response_is_smaller_and_the_same(server: ServerProcess, target: str) -> None:
    for _ in range(2):  # a document is compressed at the first request
        head, body = get(server, target, GZIP)
        plain_head, plain = get(server, target)
        assert (head.status, plain_head.status) == (200, 200)
        assert head.all("content-encoding") == ["gzip"]
        assert plain_head.all("content-encoding") == []
        assert "Accept-Encoding" in head.one("vary")
        assert "Accept-Encoding" in plain_head.one("vary")
        assert len(body) < len(plain) / 2
        if target != "/metrics":  # which counts these requests
            assert gzip.decompress(body) == plain


def test_large_page_is_compressed(server: ServerProcess, http: httpx.Client) -> None:
    order = new_order()
    publish(http, *(cancelled(order, "x" * 100) for _ in range(500)))
    target = f"{EVENTS}?from=earliest&orderId={order}&limit=500"
    head, body = get(server, target, GZIP, PAGE)
    _, plain = get(server, target, PAGE)
    assert head.one("content-encoding") == "gzip"
    assert gzip.decompress(body) == plain
    assert len(body) < len(plain) / 4


def test_small_page_is_not_compressed(server: ServerProcess) -> None:
    head, body = get(server, f"{EVENTS}?orderId={new_order()}", GZIP, PAGE)
    assert head.all("content-encoding") == []
    assert head.one("vary") == "Accept-Encoding"
    assert body.startswith(b'{"events":[]')


def test_long_problem_is_compressed(server: ServerProcess) -> None:
    events = ",".join('{"eventType":"order.shipped","data":{}}' for _ in range(50))
    with Wire(server.port) as wire:
        wire.send(post(EVENTS, f"[{events}]".encode(), GZIP))
        head = wire.head()
        body = wire.body(head)
    assert head.status == 422
    assert head.one("content-encoding") == "gzip"
    assert gzip.decompress(body).startswith(b'{"type":')


@pytest.mark.parametrize("accepted", ["gzip;q=0", "identity", "br", "*;q=0"])
def test_client_that_does_not_accept_gzip_is_sent_the_plain_document(server: ServerProcess, accepted: str) -> None:
    head, body = get(server, DOCUMENTS[0], f"Accept-Encoding: {accepted}")
    assert head.all("content-encoding") == []
    assert body.startswith(b"{")


@pytest.mark.parametrize("target", [DOCUMENTS[0], "/metrics", "/docs"])
def test_head_has_the_headers_of_get(server: ServerProcess, target: str) -> None:
    with Wire(server.port) as wire:
        head = wire.get(target, GZIP, method="HEAD")
    assert head.one("content-encoding") == "gzip"
    if target != "/metrics":
        assert head.one("content-length") == get(server, target, GZIP)[0].one("content-length")


@pytest.mark.parametrize("target", [DOCUMENTS[0], "/metrics", "/docs"])
def test_compression_can_be_turned_off(off: ServerProcess, target: str) -> None:
    head, _ = get(off, target, GZIP)
    assert head.all("content-encoding") == []
    assert head.all("vary") == []
