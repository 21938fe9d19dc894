"""The headers of a stream: proxies may change some of them, and remove others."""

from __future__ import annotations

import httpx
import pytest

from app.check.checks.beginnings import header_faults

GOOD = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
}


@pytest.mark.parametrize(
    ("changed", "seen"),
    [
        ({}, []),
        ({"Content-Type": "text/event-stream"}, []),
        ({"Cache-Control": "No-Transform,no-store, private"}, []),
        ({"Content-Type": "text/plain"}, ["Content-Type: text/plain"]),
        ({"Content-Type": "text/event-stream; charset=latin-1"}, ["Content-Type: text/event-stream; charset=latin-1"]),
        ({"Content-Type": None}, ["no Content-Type"]),
        ({"Cache-Control": "no-store"}, ["Cache-Control: no-store"]),
        ({"Cache-Control": None}, ["no Cache-Control"]),
        ({"X-Accel-Buffering": None}, ["no X-Accel-Buffering"]),
        ({"X-Accel-Buffering": "yes"}, ["X-Accel-Buffering: yes"]),
        ({"Content-Encoding": "gzip"}, ["Content-Encoding: gzip"]),
        # nginx obeys X-Accel-Buffering and does not pass it on.
        ({"Server": "nginx/1.27.0", "X-Accel-Buffering": None}, []),
        ({"Server": "nginx", "X-Accel-Buffering": "yes"}, ["X-Accel-Buffering: yes"]),
    ],
)
def test_headers_that_break_the_promise_are_named(changed: dict[str, str | None], seen: list[str]) -> None:
    headers = {name: value for name, value in {**GOOD, **changed}.items() if value is not None}
    assert [fault for _, fault in header_faults(httpx.Headers(headers))] == seen
