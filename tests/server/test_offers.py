"""An offer to upgrade to another protocol is ignored, and the request is served as if it had none (RFC 9110 §7.8)."""

from __future__ import annotations

import pytest

from tests.server.connections import Recorder, Request, exchange

H2C = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"
WEBSOCKET = b"Upgrade: websocket\r\nconnection: keep-alive, upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
OFFERS = {"h2c": H2C, "websocket": WEBSOCKET}

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
BODIES = {"json": b'{"a": 1}', "request": SMUGGLED, "empty": b"", "large": b"0123456789abcdef" * 20_000}


def with_length(offer: bytes, body: bytes, version: bytes = b"1.1", more: bytes = b"") -> bytes:
    head = b"POST /first HTTP/%b\r\nHost: x\r\n%bContent-Length: %d\r\n%b\r\n" % (version, offer, len(body), more)
    return head + body


def in_chunks(offer: bytes, body: bytes) -> bytes:
    coded = b"".join(b"%x\r\n%b\r\n" % (len(body[at : at + 7]), body[at : at + 7]) for at in range(0, len(body), 7))
    return b"POST /first HTTP/1.1\r\n%bTransfer-Encoding: chunked\r\nHost: x\r\n\r\n%b0\r\n\r\n" % (offer, coded)


FRAMINGS = {"length": with_length, "chunks": in_chunks}


def seen(recorder: Recorder) -> list[tuple[str, str, bytes]]:
    return [(each.method, each.target, each.body) for each in recorder.requests]


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("offer", OFFERS)
async def test_request_that_offers_has_its_body_and_the_next_request_follows(
    framing: str, body: str, offer: str
) -> None:
    recorder = Recorder()
    answers = await exchange(recorder, FRAMINGS[framing](OFFERS[offer], BODIES[body]) + LAST)
    assert seen(recorder) == [("POST", "/first", BODIES[body]), ("GET", "/last", b"")]
    assert answers == [(200, b"1"), (200, b"2")]


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("offer", OFFERS)
async def test_reads_may_end_at_every_byte(framing: str, offer: str) -> None:
    data = FRAMINGS[framing](OFFERS[offer], SMUGGLED) + LAST
    for at in range(1, len(data)):
        recorder = Recorder()
        await exchange(recorder, data[:at], data[at:])
        assert seen(recorder) == [("POST", "/first", SMUGGLED), ("GET", "/last", b"")]


@pytest.mark.parametrize("framing", FRAMINGS)
async def test_body_may_come_byte_by_byte(framing: str) -> None:
    recorder = Recorder()
    data = FRAMINGS[framing](H2C, SMUGGLED) + LAST
    await exchange(recorder, *(data[at : at + 1] for at in range(len(data))))
    assert seen(recorder) == [("POST", "/first", SMUGGLED), ("GET", "/last", b"")]


async def test_requests_in_a_pipeline_may_all_offer() -> None:
    recorder = Recorder()
    many = 1000  # as many as fit into one read, and more than calls may be nested
    answers = await exchange(
        recorder, (with_length(H2C, b"a") + b"GET /b HTTP/1.1\r\nHost: x\r\n%b\r\n" % WEBSOCKET) * many + LAST
    )
    assert [each.body for each in recorder.requests] == [b"a", b""] * many + [b""]
    assert [body for _, body in answers] == [b"%d" % number for number in range(1, 2 * many + 2)]


async def test_application_sees_everything_but_the_offer() -> None:
    recorder = Recorder()
    await exchange(recorder, with_length(H2C, b"a", more=b"X-Last: \xe9, :b\r\n") + LAST)
    assert recorder.requests[0] == Request(
        "POST",
        "/first",
        {
            "host": "x",
            "connection": "Upgrade, HTTP2-Settings",
            "http2-settings": "AAMAAABkAARAAAAAAAIAAAAA",
            "content-length": "1",
            "x-last": "\xe9, :b",
        },
        b"a",
    )


async def test_client_that_offers_and_waits_for_100_continue_is_sent_it_once() -> None:
    recorder = Recorder()
    answers = await exchange(recorder, with_length(H2C, b"a", more=b"Expect: 100-continue\r\n") + LAST)
    assert answers == [(100, b""), (200, b"1"), (200, b"2")]
    assert seen(recorder)[0] == ("POST", "/first", b"a")


async def test_offer_of_an_http_1_0_client_is_ignored_too() -> None:
    recorder = Recorder()
    assert await exchange(recorder, with_length(H2C, SMUGGLED, version=b"1.0")) == [(200, b"1")]
    assert seen(recorder) == [("POST", "/first", SMUGGLED)]


async def test_client_that_offers_and_closes_is_answered_and_closed() -> None:
    recorder = Recorder()
    assert await exchange(recorder, with_length(H2C.replace(b"Upgrade,", b"Upgrade, close,"), b"a")) == [(200, b"1")]


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 1\r\nContent-Length: 2\r\n", b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"]
)
async def test_offer_does_not_hide_wrong_framing(framing: bytes) -> None:
    recorder = Recorder()
    ((status, _),) = await exchange(recorder, b"POST / HTTP/1.1\r\nHost: x\r\n%b%b\r\n0\r\n\r\n" % (H2C, framing))
    assert status == 400
    assert recorder.requests == []
