"""The server ends streams by the time: with their access tokens, and at the greatest age. Clients go on without a loss."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.support.server_process import QUICK, ServerProcess
from tests.support.tokens import token, token_settings
from tests.transports.http.orders import EVENTS
from tests.transports.http.wire import Wire

TOKEN_EXPIRED = b'event: stream.closing\ndata: {"reason":"token_expired"}\n\n'
STREAM = "Accept: text/event-stream"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that needs access tokens, behind a proxy on this machine."""
    limits = ("--trusted-proxy", "127.0.0.1", "--max-streams-per-address", "5")
    keys = token_settings(tmp_path_factory.mktemp("keys"))
    with ServerProcess("--store", "memory:", *QUICK, *limits, *keys) as running:
        yield running


def bearer(expires_in_seconds: int) -> str:
    return f"Authorization: Bearer {token(exp=int(time.time()) + expires_in_seconds)}"


def cookie(expires_in_seconds: int) -> str:
    return f"Cookie: __Host-orders_events_token={token(exp=int(time.time()) + expires_in_seconds)}"


@pytest.mark.parametrize("place", [bearer, cookie])
def test_a_stream_ends_when_its_token_expires(guarded: ServerProcess, place: type[str]) -> None:
    with Wire(guarded.port) as wire:
        expiry = int(time.time()) + 2
        assert wire.get(EVENTS, place(2)).status == 200
        chunks = list(iter(wire.chunk, b""))
        assert expiry <= time.time()
    assert b"event: stream.checkpoint" in chunks[0]
    assert chunks[-1] == TOKEN_EXPIRED
    assert {*chunks[1:-1]} <= {b":\n"}


@pytest.mark.parametrize("headers", [(), (STREAM,), (STREAM, "Last-Event-ID: k7f3q2xw-1")])
@pytest.mark.parametrize("place", [bearer, cookie])
def test_a_token_that_expired_a_moment_ago_gets_a_stream_that_only_says_so(
    guarded: ServerProcess, place: type[str], headers: tuple[str, ...]
) -> None:
    with Wire(guarded.port) as wire:
        assert wire.get(EVENTS, place(-500), *headers).status == 200
        retry, comment, rest = wire.chunk().split(b"\n", 2)
        assert 50 <= int(retry.removeprefix(b"retry: ")) <= 100
        assert comment.startswith(b":")
        assert rest == TOKEN_EXPIRED
        assert wire.chunk() == b""


def test_an_address_that_asks_for_many_such_streams_is_asked_to_come_back_later(guarded: ServerProcess) -> None:
    def answer(address: str) -> bytes:
        with Wire(guarded.port) as wire:
            wire.get(EVENTS, bearer(-500), f"X-Forwarded-For: {address}")
            return wire.chunks()

    first, *others = [
        answer("192.0.2.7") for _ in range(11)
    ]  # they may begin in one period of 10 s, and end in the next
    refused = next(each for each in others if b"overloaded" in each)
    assert 15_000 <= int(refused.split(b"\n")[0].removeprefix(b"retry: ")) <= 45_000
    assert first.endswith(TOKEN_EXPIRED)
    assert answer("192.0.2.8").endswith(TOKEN_EXPIRED)


@pytest.mark.parametrize(
    ("target", "method", "age", "headers"),
    [
        (EVENTS, "GET", -700, (STREAM,)),
        (EVENTS, "GET", -500, ("Accept: application/json",)),
        (EVENTS, "POST", -500, ("Content-Length: 0",)),
        ("/metrics", "GET", -500, ()),
    ],
)
def test_elsewhere_or_later_it_is_a_bad_token_as_any_other(
    guarded: ServerProcess, target: str, method: str, age: int, headers: tuple[str, ...]
) -> None:
    with Wire(guarded.port) as wire:
        assert wire.get(target, bearer(age), *headers, method=method).status == 401


def test_a_stream_ends_at_its_greatest_age() -> None:
    with ServerProcess("--store", "memory:", *QUICK, "--max-stream-age-seconds", "2") as server:
        with Wire(server.port) as wire:
            assert wire.get(EVENTS).status == 200
            chunks = list(iter(wire.chunk, b""))
        assert chunks[-1] == b'event: stream.closing\ndata: {"reason":"max_age"}\n\n'
        assert b"event: stream.checkpoint" in chunks[0]
