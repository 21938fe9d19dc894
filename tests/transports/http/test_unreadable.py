"""A log that cannot be read when a stream is requested: the client is answered in a way that makes it come back."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.support.server_process import ServerProcess
from tests.transports.http.orders import EVENTS, PAGE, metric
from tests.transports.http.wire import PATIENCE_SECONDS

SINCE = {"since": "2024-05-01T10:00:00Z"}


@pytest.fixture(scope="module")
def unreadable() -> Iterator[httpx.Client]:
    with (
        ServerProcess("--store", "memory:", module="tests.support.unreadable_server") as server,
        httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client,
    ):
        yield client


def test_a_stream_says_so_and_ends_and_the_client_returns(unreadable: httpx.Client) -> None:
    answer = unreadable.get(EVENTS, params=SINCE)
    assert answer.status_code == 200
    retry, comment, frame = answer.text.split("\n", 2)
    assert retry.startswith("retry: ")
    assert comment.startswith(":")
    assert frame == 'event: stream.closing\ndata: {"reason":"unavailable"}\n\n'
    assert metric(unreadable, "orders_events_streams_closed_total", reason="unavailable") >= 1


def test_head_is_answered_as_get_would_be(unreadable: httpx.Client) -> None:
    answer = unreadable.head(EVENTS, params=SINCE)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"].startswith("text/event-stream")


def test_a_page_is_refused_for_now(unreadable: httpx.Client) -> None:
    answer = unreadable.get(EVENTS, params=SINCE, headers=PAGE)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
