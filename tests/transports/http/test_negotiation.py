"""Stream or page: what the Accept header decides, in a table and over HTTP."""

from __future__ import annotations

import httpx
import pytest

from app.transports.http.requests.negotiation import NotAcceptable, choose_media_type
from tests.support.server_process import ServerProcess
from tests.transports.http.orders import EVENTS
from tests.transports.http.wire import Wire

STREAM, PAGE = "text/event-stream", "application/json"

CHOSEN = [
    ("", STREAM),
    ("  ", STREAM),
    ("*/*", STREAM),
    ("text/*", STREAM),
    ("text/event-stream", STREAM),
    ("TEXT/Event-Stream", STREAM),
    ("text/event-stream; charset=utf-8", STREAM),
    ("application/json", PAGE),
    ("application/*", PAGE),
    ("application/json;q=0.001", PAGE),
    ("application/json, text/event-stream", STREAM),
    ("application/json;q=0.9, text/event-stream;q=0.9", STREAM),
    ("application/json;q=0.900, text/event-stream;q=0.9", STREAM),
    ("application/json, text/event-stream;q=0.5", PAGE),
    ("application/json;q=0.4, text/event-stream;q=0.5", STREAM),
    ("application/json;Q=0.2 , text/event-stream; Q=0.1", PAGE),
    ("*/*;q=0.1, application/json", PAGE),
    ("*/*, application/json", STREAM),
    ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", STREAM),
    ("text/event-stream;q=0, */*", PAGE),
    ("text/*;q=0, */*;q=0.1", PAGE),
    ("application/json;q=0, */*", STREAM),
    ("text/event-stream;q=0.1, text/*;q=1, application/json;q=0.5", PAGE),
    ("garbage, application/json", PAGE),
    ("application/json;q=7, text/event-stream;q=0.1", STREAM),
    (",,application/json,", PAGE),
]
REFUSED = [
    "text/html",
    "text/event-stream;q=0",
    "text/event-stream;q=0.000, application/json;q=0",
    "*/*;q=0",
    "garbage",
    ";;;,,",
    "text/event-stream;q=2",
    "text/event-stream;q=",
    "text/event-stream;q=0.1234",
    "text",
    "application/problem+json",
    "\u00fc/\u00fc",
]


@pytest.mark.parametrize(("accept", "chosen"), CHOSEN)
def test_the_highest_weight_decides_and_the_stream_wins_a_tie(accept: str, chosen: str) -> None:
    assert choose_media_type(accept, (STREAM, PAGE)) == chosen


@pytest.mark.parametrize("accept", REFUSED)
def test_an_accept_header_with_neither_type_is_refused(accept: str) -> None:
    with pytest.raises(NotAcceptable):
        choose_media_type(accept, (STREAM, PAGE))


@pytest.mark.parametrize(("accept", "chosen"), CHOSEN)
def test_the_server_answers_with_the_type_that_was_chosen(server: ServerProcess, accept: str, chosen: str) -> None:
    with Wire(server.port) as wire:
        head = wire.get(EVENTS, f"Accept: {accept}")
    assert head.status == 200
    assert head.one("content-type").split(";")[0] == chosen


def test_without_an_accept_header_there_is_a_stream(server: ServerProcess) -> None:
    with Wire(server.port) as wire:
        assert wire.get(EVENTS).one("content-type").startswith(STREAM)


def test_accept_headers_add_up(server: ServerProcess) -> None:
    with Wire(server.port) as wire:
        assert wire.get(EVENTS, "Accept: text/html", "Accept: application/json").one("content-type").startswith(PAGE)


@pytest.mark.parametrize("accept", REFUSED)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_server_answers_406_if_neither_type_is_accepted(http: httpx.Client, accept: str, method: str) -> None:
    response = http.request(method, EVENTS, headers={b"Accept": accept.encode()})
    assert response.status_code == 406
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("accept", [STREAM, PAGE, "*/*"])
def test_parameters_are_checked_whatever_is_accepted(http: httpx.Client, accept: str) -> None:
    assert http.get(f"{EVENTS}?nonsense=1", headers={"Accept": accept}).status_code == 400
