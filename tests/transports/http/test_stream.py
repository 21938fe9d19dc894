"""The stream as bytes: what is written when, and what a client makes of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import httpx_sse
import pytest

from tests.support.server_process import QUICK, ServerProcess
from tests.transports.http.orders import (
    EVENTS,
    WHEN,
    Frame,
    cancelled,
    frames,
    new_order,
    order_events,
    publish,
    read_stored,
    shipped,
)
from tests.transports.http.wire import PATIENCE_SECONDS, Head, Wire

FIRST_WRITE = re.compile(
    rb"retry: ([0-9]+)\n:[^\n]*\nid: ([0-9A-Za-z_-]{1,64})\nevent: stream\.checkpoint\ndata: \{\}\n\n"
)
HEARTBEAT = re.compile(rb":[^\n]*\n")


@pytest.fixture(scope="module", params=["app", "tests.support.stock_server"])
def server(request: pytest.FixtureRequest) -> Iterator[ServerProcess]:
    """Serve with the protocol that hands connections over, and with uvicorn's own: the stream must be the same."""
    with ServerProcess("--store", "memory:", *QUICK, module=request.param) as server:
        yield server


@contextmanager
def stream(server: ServerProcess, query: str = "", *headers: str) -> Iterator[tuple[Wire, Head, str]]:
    """Open a stream; give the connection, the head, and the id of the checkpoint that it begins with."""
    with Wire(server.port) as wire:
        head = wire.get(f"{EVENTS}?{query}", *headers)
        first = FIRST_WRITE.fullmatch(wire.chunk())
        assert first, "The first write is not as every stream must begin."
        yield wire, head, first[2].decode()


def next_frame(wire: Wire) -> bytes:
    """Read the next write that is not a heartbeat."""
    while HEARTBEAT.fullmatch(written := wire.chunk()):
        pass
    return written


def test_a_stream_begins_with_one_write_of_retry_comment_and_a_checkpoint(server: ServerProcess) -> None:
    with Wire(server.port) as wire:
        head = wire.get(EVENTS)
        first = FIRST_WRITE.fullmatch(wire.chunk())

    assert head.status == 200
    assert first
    assert 50 <= int(first[1]) <= 100


def test_the_stream_of_a_default_server_begins_before_any_heartbeat_with_a_retry_of_2_to_5_seconds() -> None:
    with ServerProcess("--store", "memory:", "--heartbeat-seconds", "30") as server, Wire(server.port) as wire:
        wire.socket.settimeout(25)  # a server that waited for its heartbeat would be too late
        wire.get(EVENTS)
        first = FIRST_WRITE.fullmatch(wire.chunk())
        assert first
        assert 2000 <= int(first[1]) <= 5000


def test_the_retry_time_differs_between_connections(server: ServerProcess) -> None:
    def retry() -> bytes:
        with Wire(server.port) as wire:
            wire.get(EVENTS)
            first = FIRST_WRITE.fullmatch(wire.chunk())
            assert first
            return first[1]

    assert len({retry() for _ in range(10)}) > 1


def test_the_headers_keep_a_stream_alive_behind_proxies(server: ServerProcess) -> None:
    with stream(server, "", "Accept: text/event-stream") as (_, head, _):
        assert re.fullmatch(r"text/event-stream(; ?charset=utf-8)?", head.one("content-type"))
        assert set(re.split(r", *", head.one("cache-control"))) == {"no-store", "no-transform"}
        assert head.one("x-accel-buffering") == "no"
        assert head.one("transfer-encoding") == "chunked"
        assert head.all("content-length") == []


def test_an_order_event_is_written_exactly_as_the_contract_shows_it(server: ServerProcess, http: httpx.Client) -> None:
    with stream(server) as (wire, _, _):
        (event_id,) = publish(http, shipped("or_12345"))
        expected = f'id: {event_id}\nevent: order.shipped\ndata: {{"orderId":"or_12345","when":"{WHEN}"}}\n\n'
        assert next_frame(wire) == expected.encode()


def test_events_that_were_published_together_come_in_one_write(server: ServerProcess, http: httpx.Client) -> None:
    with stream(server) as (wire, _, _):
        ids = publish(http, *(shipped(new_order()) for _ in range(20)))
        assert [frame.id for frame in frames(next_frame(wire).decode())] == ids


def test_the_data_keeps_the_order_of_its_members_and_the_offset_of_its_time(
    server: ServerProcess, http: httpx.Client
) -> None:
    data = '{"when":"2017-10-02T10:56:33-03:00","reason":"x","orderId":"or_1"}'
    with stream(server) as (wire, _, _):
        publish(http, {"eventType": "order.cancelled", "data": json.loads(data)})
        assert f"\ndata: {data}\n\n".encode() in next_frame(wire)


def test_an_idle_stream_has_comments_without_a_blank_line_as_heartbeats(server: ServerProcess) -> None:
    with stream(server) as (wire, _, _):
        assert [bool(HEARTBEAT.fullmatch(wire.chunk())) for _ in range(2)] == [True, True]


def test_a_checkpoint_takes_the_place_of_a_heartbeat_once_the_filter_has_skipped_events(
    server: ServerProcess, http: httpx.Client
) -> None:
    with stream(server, f"orderId={new_order()}") as (wire, _, started_at):
        *_, skipped = publish(http, shipped(), shipped())
        passed = next_frame(wire)
        assert wire.chunk() == b":\n", "The next sign of life has nothing new to tell."

    assert skipped != started_at
    assert passed == f"id: {skipped}\nevent: stream.checkpoint\ndata: {{}}\n\n".encode()


def test_a_stream_goes_on_from_a_checkpoint(server: ServerProcess, http: httpx.Client) -> None:
    order = new_order()
    with stream(server, f"orderId={order}") as (_, _, started_at):
        pass
    ids = publish(http, shipped(order), cancelled(order))
    with stream(server, f"orderId={order}", f"Last-Event-ID: {started_at}") as (wire, _, resumed_at):
        assert resumed_at == started_at
        assert [frame.id for frame in frames(next_frame(wire).decode())] == ids


def test_a_limit_ends_the_stream_with_a_closing_frame_without_an_id(server: ServerProcess, http: httpx.Client) -> None:
    order = new_order()
    with stream(server, f"orderId={order}&limit=2") as (wire, _, _):
        ids = publish(http, shipped(order), shipped(order), shipped(order))
        rest = frames(wire.chunks().decode())
        status = wire.get("/health/live").status

    assert [frame.id for frame in rest] == [ids[0], ids[1], None]
    assert rest[-1] == Frame(None, "stream.closing", '{"reason":"limit"}')
    assert status == 200, "A stream that has ended leaves a connection that goes on."


def test_without_follow_the_stream_ends_at_the_head_of_the_request(http: httpx.Client) -> None:
    order = new_order()
    ids = publish(http, shipped(order), shipped(order))

    first, *events, closing = read_stored(http, from_="earliest")

    assert first.event == "stream.checkpoint"
    assert [frame.id for frame in events[-2:]] == ids
    assert closing == Frame(None, "stream.closing", '{"reason":"end"}')


def test_without_follow_a_checkpoint_passes_the_last_events_that_the_filter_skipped(http: httpx.Client) -> None:
    order = new_order()
    wanted, skipped = publish(http, shipped(order), shipped())

    *_, last_event, checkpoint, closing = read_stored(http, from_="earliest", orderId=order)

    assert last_event.id == wanted
    assert checkpoint == Frame(skipped, "stream.checkpoint", "{}")
    assert closing == Frame(None, "stream.closing", '{"reason":"end"}')


def test_without_follow_a_filter_that_matches_nothing_still_moves_the_client_on(http: httpx.Client) -> None:
    (skipped,) = publish(http, shipped())

    first, checkpoint, closing = read_stored(http, from_="earliest", orderId=new_order())

    assert first.event == "stream.checkpoint"
    assert checkpoint == Frame(skipped, "stream.checkpoint", "{}")
    assert closing.event == "stream.closing"


@pytest.mark.parametrize(
    "query", ["follow=false", "follow=false&from=latest", "follow=false&since=2999-01-01T00:00:00Z"]
)
def test_without_follow_at_the_head_there_is_no_content(http: httpx.Client, query: str) -> None:
    publish(http, shipped())
    response = http.get(f"{EVENTS}?{query}")
    assert (response.status_code, response.content) == (204, b"")


def test_without_follow_at_the_head_there_is_no_content_whatever_the_filter(http: httpx.Client) -> None:
    (newest,) = publish(http, shipped())
    response = http.get(EVENTS, params={"follow": "false", "orderId": new_order(), "lastEventId": newest})
    assert response.status_code == 204


def test_ids_are_unique_and_their_offsets_increase(http: httpx.Client) -> None:
    order = new_order()
    ids = [each for _ in range(5) for each in publish(http, *(shipped(order) for _ in range(20)))]

    read = [event_id for event_id, _ in order_events(read_stored(http, from_="earliest", orderId=order))]

    assert read == ids
    offsets = [int(event_id.rsplit("-", 1)[1]) for event_id in ids]
    assert offsets == sorted(set(offsets))


def test_every_id_resumes_with_the_event_after_it(http: httpx.Client) -> None:
    order = new_order()
    ids = publish(http, *(shipped(order) for _ in range(10)))

    for place, event_id in enumerate(ids[:-1]):
        first, *rest = read_stored(http, orderId=order, lastEventId=event_id)
        assert first == Frame(event_id, "stream.checkpoint", "{}", first.retry)
        assert [each for each, _ in order_events(rest)] == ids[place + 1 :]


AWKWARD = [
    "line\nfeed",
    "carriage\rreturn",
    "both\r\nof them\n\nand a blank line",
    "\u2028 and \u2029 and \u0085 and \x0b\x0c\x1c\x1d\x1e",
    "\x00",
    "\x7f\x1b[31m",
    "emoji \U0001f4e6 and \u00e9",
    "\ufeff a byte order mark",
    "\nid: forged\nevent: order.shipped\ndata: {}\n\n",
    ': a comment\\ " quote',
]


@pytest.mark.parametrize("reason", AWKWARD)
def test_awkward_text_is_ascii_on_the_wire_and_itself_in_every_client(http: httpx.Client, reason: str) -> None:
    order = new_order()
    (event_id,) = publish(http, cancelled(order, reason))
    query = {"from": "earliest", "follow": "false", "orderId": order}

    content = http.get(EVENTS, params=query).content
    with httpx_sse.connect_sse(http, "GET", EVENTS, params=query) as source:
        decoded = [each for each in source.iter_sse() if each.event == "order.cancelled"]
    with http.stream("GET", EVENTS, params=query) as response:
        lines = [line for line in response.iter_lines() if line.startswith("data: ") and order in line]

    assert content.isascii()
    assert [(each.id, each.json()["reason"]) for each in decoded] == [(event_id, reason)]
    assert [json.loads(line.removeprefix("data: "))["reason"] for line in lines] == [reason]
    assert [data["reason"] for _, data in order_events(frames(content.decode()))] == [reason]


def test_httpx_sse_takes_no_heartbeat_for_an_event(server: ServerProcess, http: httpx.Client) -> None:
    order = new_order()
    with httpx_sse.connect_sse(http, "GET", EVENTS, params={"orderId": order, "limit": 1}) as source:
        events = source.iter_sse()
        seen = [next(events)]
        with stream(server) as (clock, _, _), httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as producer:
            for _ in range(3):
                clock.chunk()  # a heartbeat, and meanwhile one on the other stream
            (event_id,) = publish(producer, shipped(order))
        seen += events

    assert [each.event for each in seen] == ["stream.checkpoint", "order.shipped", "stream.closing"]
    assert [each.id for each in seen[1:]] == [event_id, event_id]
