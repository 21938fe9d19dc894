"""Faults of what event streams are made of: their beginning, their lines, their names and their end.

Each has the check that must find it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from app.check.target.target import Options
from tests.check.broken_server import HEARTBEAT, Change, Fault, Head, Received
from tests.check.faults import (
    EVENTS,
    Planted,
    answers,
    each_stream,
    follows_everything,
    keep,
    order_events,
    reads_all,
    status_is,
    without_headers,
)

EMPTY_STREAM: Final = (
    b'retry: 3000\nid: a-1\nevent: stream.checkpoint\ndata: {}\n\nevent: stream.closing\ndata: {"reason":"end"}\n\n'
)


def borrowing_an_id() -> Change:
    ids: list[bytes] = []

    def borrow(piece: bytes) -> bytes:
        ids.extend(re.findall(rb"^id: .*", piece, re.MULTILINE))
        return piece if len(ids) != 2 else piece.replace(ids[1], ids[0])

    return borrow


def without_id(piece: bytes) -> bytes:
    return re.sub(rb"\nid: .*", b"", piece) if piece.startswith(b"retry") and b"stream.checkpoint" in piece else piece


def with_stranger(piece: bytes) -> bytes:
    return piece + b"event: stream.unheard\ndata: {}\n\n" if piece.startswith(b"retry") else piece


def silent(asked: Received) -> Change:
    quiet = asked.follows and any(re.match("nobody-(?!else)", order) for order in asked.all("orderId"))
    return (lambda piece: piece if piece.startswith(b"retry") else b"") if quiet else keep


def spoiled(body: bytes) -> bytes:
    return re.sub(rb'("orderId":"or_marked","when":)"[^"]*"', rb"\g<1>7", body)


def split(piece: bytes) -> bytes:
    return piece.replace(b'{"orderId":"or_marked",', b'{"orderId":"or_marked",\ndata: ')


def late() -> Fault:
    times = iter((1.2, 1.2, 1.2, 1.2))
    return Fault(waits=lambda asked: next(times, 0) if follows_everything(asked) and asked.method == "GET" else 0)


def as_empty_stream(given: Head) -> Head:
    return replace(given, status=200, headers={**given.headers, "content-type": "text/event-stream"}, body=EMPTY_STREAM)


PLANTED_IN_STREAMS: Final[Mapping[str, Planted]] = {
    "the first byte is late": Planted(late, "first-byte"),
    "the cache headers are missing": Planted(
        lambda: answers(
            without_headers("cache-control", "x-accel-buffering"),
            lambda asked, _: asked.path == EVENTS and not asked.wants_page,
        ),
        "stream-headers",
    ),
    "the first id is missing": Planted(lambda: each_stream(without_id), "opening"),
    "the retry time is longer than promised": Planted(
        lambda: each_stream(lambda piece: re.sub(rb"^retry: ", b"retry: 1", piece)), "opening"
    ),
    "all clients are told the same retry time": Planted(
        lambda: each_stream(lambda piece: re.sub(rb"^retry: .*\n", b"retry: 3000\n", piece)), "retry-times"
    ),
    "the retry time is missing": Planted(
        lambda: each_stream(lambda piece: re.sub(rb"^retry: .*\n", b"", piece)), "opening"
    ),
    "there are no heartbeats": Planted(lambda: Fault(streams=silent), "heartbeat", Options(heartbeat_seconds=0.3)),
    "a blank line follows the heartbeat": Planted(
        lambda: each_stream(lambda piece: HEARTBEAT + b"\n" if piece == HEARTBEAT else piece), "comments", Options()
    ),
    "the closing frame has an id": Planted(
        lambda: each_stream(lambda piece: b"id: a-1\n" + piece if b"stream.closing" in piece else piece), "closing"
    ),
    "the closing frame is missing": Planted(
        lambda: each_stream(lambda piece: b"" if b"stream.closing" in piece else piece), "closing"
    ),
    "the closing frame has another reason": Planted(
        lambda: each_stream(lambda piece: piece.replace(b'"reason":"end"', b'"reason":"limit"')), "closing"
    ),
    "a stream is sent although nothing is stored": Planted(
        lambda: answers(as_empty_stream, status_is(204)), "end-of-log"
    ),
    "the limit is ignored": Planted(
        lambda: Fault(asks=lambda asked: asked.without("limit") if asked.has("from") else asked), "limit"
    ),
    "the limit is reported as the end": Planted(
        lambda: each_stream(lambda piece: piece.replace(b'"reason":"limit"', b'"reason":"end"')), "limit"
    ),
    "HEAD is not answered as GET": Planted(
        lambda: answers(without_headers("content-type"), lambda asked, _: asked.method == "HEAD"), "head"
    ),
    "HEAD is not allowed": Planted(
        lambda: answers(
            lambda given: replace(given, status=405),
            lambda asked, _: asked.method == "HEAD" and asked.path == EVENTS,
        ),
        "head",
    ),
    "HEAD hangs": Planted(
        lambda: Fault(waits=lambda asked: 600 if asked.method == "HEAD" and asked.path == EVENTS else 0),
        "head",
        Options(quick=True, timeout_seconds=5),
    ),
    "an event is not in the contract": Planted(lambda: each_stream(with_stranger), "event-names"),
    "a payload breaks its schema": Planted(
        lambda: Fault(
            gives=lambda _, given: replace(given, body=spoiled(given.body)),
            streams=lambda _: spoiled,
        ),
        "payloads",
    ),
    "data has two lines": Planted(lambda: each_stream(split), "data-lines"),
    "data is not ASCII": Planted(
        lambda: each_stream(lambda piece: piece.replace(b"\\u00fc", "ü".encode())), "data-lines"
    ),
    "data is not JSON": Planted(
        lambda: each_stream(lambda piece: piece.replace(b"data: {}", b"data: {")), "data-lines"
    ),
    "two events have one id": Planted(lambda: order_events(borrowing_an_id, reads_all), "ids"),
}
