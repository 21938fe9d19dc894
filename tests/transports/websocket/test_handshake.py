"""The request that opens a WebSocket connection: switched, or refused with a problem before the switch (RFC 6455 §4)."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from app.transports.http.sessions.same_origin import is_allowed_origin
from tests.support.server_process import QUICK, ServerProcess
from tests.transports.http.wire import Head, Wire, request
from tests.transports.websocket.raw_socket import PATH, SUBPROTOCOL, TEXT, RawSocket, frame, new_key, opening

SHOP = "https://shop.example"
PUBLIC_URL = "https://orders.example/prefix"
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # RFC 6455 §1.3


@pytest.fixture(scope="module")
def shop_server() -> Iterator[ServerProcess]:
    """A server that web pages of a shop may use, behind a proxy."""
    with ServerProcess("--store", "memory:", *QUICK, "--cors-origin", SHOP, "--public-url", PUBLIC_URL) as running:
        yield running


def refused(server: ServerProcess, sent: bytes) -> tuple[Head, dict[str, Any]]:
    """Send a request that is refused. Returns the head and the problem; the connection goes on with HTTP."""
    with Wire(server.port) as wire:
        wire.send(sent)
        head = wire.head()
        problem = json.loads(wire.body(head))
        assert head.one("content-type") == "application/problem+json"
        assert problem["status"] == head.status
        assert wire.get("/health/live").status == 200
        return head, problem


def without(name: str, sent: bytes) -> bytes:
    lines = sent.split(b"\r\n")
    kept = [line for line in lines if not line.startswith(name.encode() + b":")]
    assert len(kept) == len(lines) - 1
    return b"\r\n".join(kept)


def test_connection_switches(server: ServerProcess) -> None:
    with Wire(server.port) as wire:
        wire.send(opening())
        head = wire.head()
        assert head.status_line == "HTTP/1.1 101 Switching Protocols"
        assert head.headers == [
            ("upgrade", "websocket"),
            ("connection", "Upgrade"),
            ("sec-websocket-accept", ACCEPT),
            ("sec-websocket-protocol", SUBPROTOCOL),
        ]


def test_first_message_may_come_with_the_request(server: ServerProcess) -> None:
    with Wire(server.port) as wire:
        wire.send(opening() + frame(TEXT, b'{"type":"ping"}'))
        assert wire.head().status == 101
        assert wire.exactly(17) == b'\x81\x0f{"type":"pong"}'


@pytest.mark.parametrize(
    "sent",
    [
        request(PATH),
        request(PATH, "Accept: text/event-stream"),
        without("Upgrade", opening()),
        without("Connection", opening()),
        opening().replace(b"Upgrade: websocket", b"Upgrade: h2c"),
        opening().replace(b"HTTP/1.1", b"HTTP/1.0"),
        opening("Content-Length: 0"),
    ],
    ids=["plain", "stream", "no upgrade", "no connection", "h2c", "HTTP/1.0", "body"],
)
def test_request_without_an_offer_is_told_what_to_offer(server: ServerProcess, sent: bytes) -> None:
    with Wire(server.port) as wire:
        wire.send(sent)
        head = wire.head()
        assert head.status == 426
        assert head.one("upgrade") == "websocket"
        assert "Upgrade" in head.all("connection")
        assert json.loads(wire.body(head))["type"] == "/problems/upgrade-required"


@pytest.mark.parametrize("version", ["8", "14", "", "13, 8", "thirteen"])
def test_other_version_is_refused_with_ours(server: ServerProcess, version: str) -> None:
    sent = opening().replace(b"Sec-WebSocket-Version: 13", f"Sec-WebSocket-Version: {version}".encode())
    head, problem = refused(server, sent)
    assert head.status == 426
    assert head.one("sec-websocket-version") == "13"
    assert problem["type"] == "/problems/upgrade-required"


def test_missing_version_is_refused_with_ours(server: ServerProcess) -> None:
    head, _ = refused(server, without("Sec-WebSocket-Version", opening()))
    assert head.status == 426
    assert head.one("sec-websocket-version") == "13"


@pytest.mark.parametrize("key", ["", "abc", "dGhlIHNhbXBsZSBub25j", "dGhlIHNhbXBsZSBub25jZSE=", "é" * 12, "A" * 900])
def test_key_that_is_not_16_bytes_is_refused(server: ServerProcess, key: str) -> None:
    head, problem = refused(server, opening(key=key))
    assert head.status == 400
    assert [(each["in"], each["name"]) for each in problem["errors"]] == [("header", "Sec-WebSocket-Key")]


@pytest.mark.parametrize("name", ["Sec-WebSocket-Key", "Sec-WebSocket-Protocol"])
def test_missing_header_is_refused(server: ServerProcess, name: str) -> None:
    head, problem = refused(server, without(name, opening()))
    assert head.status == 400
    assert [each["name"] for each in problem["errors"]] == [name]


@pytest.mark.parametrize("name", ["Sec-WebSocket-Key", "Sec-WebSocket-Version", "Origin"])
def test_header_that_is_sent_twice_is_refused(server: ServerProcess, name: str) -> None:
    head, _ = refused(server, opening(f"{name}: a", *(["Origin: b"] if name == "Origin" else [])))
    assert head.status == 400


@pytest.mark.parametrize("offered", ["orders-events.v2.json", "Orders-Events.v1.json", "graphql-ws", ""])
def test_unknown_subprotocol_is_refused(server: ServerProcess, offered: str) -> None:
    head, problem = refused(server, opening(subprotocol=offered))
    assert head.status == 400
    assert problem["errors"] == [
        {"in": "header", "name": "Sec-WebSocket-Protocol", "message": f"must contain {SUBPROTOCOL}"}
    ]


def test_subprotocol_may_be_offered_among_others(server: ServerProcess) -> None:
    with Wire(server.port) as wire:
        wire.send(opening(subprotocol=f"graphql-ws, {SUBPROTOCOL}"))
        assert wire.head().one("sec-websocket-protocol") == SUBPROTOCOL


@pytest.mark.parametrize(
    ("origin", "host", "is_allowed"),
    [
        ("http://localhost", "localhost", True),
        ("https://localhost", "localhost", True),  # behind a proxy that speaks TLS
        ("http://localhost:8000", "localhost:8000", True),
        ("http://LOCALHOST", "localhost", False),  # no browser sends capitals
        ("https://orders.example", "orders.example:443", True),
        ("http://orders.example:443", "orders.example", False),
        ("https://orders.example", "localhost", True),  # behind a proxy that does not pass the host on
        ("https://orders.example:444", "localhost", False),
        (SHOP, "localhost", True),
        (f"{SHOP}:444", "localhost", False),
        ("https://evil.example", "localhost", False),
        ("https://localhost.evil.example", "localhost", False),
        ("https://evil.example/localhost", "localhost", False),
        ("file://", "localhost", False),
        ("null", "localhost", False),
        ("ws://localhost", "localhost", False),
    ],
)
def test_origin_must_be_the_server_s_or_an_allowed_one(
    shop_server: ServerProcess, origin: str, host: str, is_allowed: bool
) -> None:
    sent = opening(f"Origin: {origin}").replace(b"Host: localhost", f"Host: {host}".encode())
    if is_allowed:
        with Wire(shop_server.port) as wire:
            wire.send(sent)
            assert wire.head().status == 101
    else:
        head, problem = refused(shop_server, sent)
        assert head.status == 403
        assert problem["type"] == "/problems/origin-not-allowed"


def test_origin_without_a_host_is_not_the_same() -> None:
    assert not is_allowed_origin("http://", "", ())


def test_refusal_comes_before_the_switch_while_the_server_drains() -> None:
    with ServerProcess("--store", "memory:", *QUICK) as server:
        with RawSocket(server.port, receive_buffer=4096) as stalled, Wire(server.port) as waiting:
            stalled.say(type="subscribe", subscription=1)
            assert stalled.message()["type"] == "checkpoint"
            server.signal(signal.SIGTERM)
            assert stalled.message() == {"type": "closing", "subscription": 1, "reason": "drain"}
            waiting.send(opening(key=new_key()))
            head = waiting.head()
            assert head.status == 503
            assert head.one("retry-after") == "2"
            assert json.loads(waiting.body(head))["type"] == "/problems/unavailable"
            assert stalled.close_code() == 1012
        assert server.wait() == 0


def test_server_that_cannot_switch_refuses() -> None:
    with ServerProcess("--store", "memory:", *QUICK, module="tests.support.stock_server") as server:
        head, problem = refused(server, opening())
        assert head.status == 503
        assert "orders-events serve" in problem["detail"]
