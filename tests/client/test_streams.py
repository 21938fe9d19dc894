"""Both clients follow the decisions of `Reading`, and leave no connection open."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from app.client import (
    AsyncOrdersClient,
    Checkpoint,
    OrderEvent,
    OrdersClient,
    RequestRefused,
    StreamOptions,
    Unavailable,
    UnexpectedAnswer,
)
from app.client.endpoint import MAX_BODY_BYTES
from tests.cli.scripted_server import STREAM, Answer, Asked, ScriptedServer, problem, stream
from tests.client.kinds import Kind
from tests.support.ports import url_without_server
from tests.support.publishers import counted, publish_now
from tests.support.server_process import ServerProcess
from tests.support.servers import start_server
from tests.support.subscribers import PATIENCE_SECONDS
from tests.transports.http.orders import eventually

OPENING = "retry: 10\n: hello\nid: e-0\nevent: stream.checkpoint\ndata: {}"
END = 'event: stream.closing\ndata: {"reason": "end"}'


def shipped(number: int) -> str:
    return f'id: e-{number}\nevent: order.shipped\ndata: {{"orderId": "o{number}"}}'


@pytest.fixture(scope="module")
def filled() -> Iterator[ServerProcess]:
    """A server of its own, whose log holds nine events."""
    with start_server("memory:") as server:
        publish_now(server.events_url, counted(0, 9))
        yield server


def open_streams(server: ServerProcess) -> int:
    text = httpx.get(f"{server.url}/metrics", trust_env=False, timeout=PATIENCE_SECONDS).text
    return int(float(next(line.split()[1] for line in text.splitlines() if line.startswith("orders_events_streams "))))


def none_is_open(server: ServerProcess) -> bool:
    return eventually(lambda: open_streams(server) == 0, PATIENCE_SECONDS)


# --- both clients --------------------------------------------------------------------------------------------------------------


def test_stream_continues_after_the_last_event_however_its_connections_ended(client: Kind) -> None:
    cut = Answer(200, stream(OPENING, shipped(1), shipped(2)).body[:-1], STREAM)  # the second one is not complete
    trouble = [Answer(0), problem(503, "Busy."), Answer(502, b"<html>")]
    with ScriptedServer(cut, *trouble, stream(shipped(2)), stream(shipped(2), shipped(3), END)) as server:
        values = client.read(f"{server.url}/behind/a/proxy/", from_="earliest", order_ids=["o"])
    assert [value.id for value in values] == ["e-1", "e-2", "e-3"]
    assert [asked.headers.get("Last-Event-ID") for asked in server.asked] == [None, *["e-1"] * 4, "e-2"]
    assert [asked.parameters for asked in server.asked] == [
        [("orderId", "o"), ("from", "earliest")],
        *[[("orderId", "o")]] * 5,
    ]
    assert {asked.path for asked in server.asked} == {"/behind/a/proxy/events/orders"}
    assert {asked.headers["Accept"] for asked in server.asked} == {"text/event-stream"}
    assert all(asked.headers["User-Agent"].startswith("orders-events/") for asked in server.asked)


def test_wait_between_connections_is_the_one_that_the_server_asks_for(client: Kind) -> None:
    patient = OPENING.replace("retry: 10", "retry: 700")
    with ScriptedServer(stream(patient), stream(END)) as server:
        began = time.monotonic()
        assert client.read(server.url) == []
    assert time.monotonic() - began >= 0.7


def test_refusal_is_raised_with_its_problem(client: Kind, server: ServerProcess) -> None:
    with pytest.raises(RequestRefused, match="eventTypes") as refused:
        client.read(server.url, event_types=["order.lost"])
    assert (refused.value.status, refused.value.problem.type) == (400, "/problems/invalid-parameter")


def test_web_page_is_not_read_as_a_stream(client: Kind) -> None:
    with ScriptedServer(Answer(200, b"<html>", {"Content-Type": "text/html"})) as server:
        with pytest.raises(UnexpectedAnswer, match="text/html"):
            client.read(server.url)
        assert len(server.asked) == 1


@pytest.mark.parametrize(
    "media_type", ["Text/Event-Stream", "text/event-stream; charset=utf-16", "text/event-stream;charset=?"]
)
def test_stream_is_utf_8_whatever_its_header_says(client: Kind, media_type: str) -> None:
    frames = stream(OPENING, 'id: e-1\nevent: order.shipped\ndata: {"orderId": "\N{SNOWMAN}"}', END)
    with ScriptedServer(Answer(200, frames.body, {"Content-Type": media_type})) as server:
        (event,) = client.read(server.url)
    assert isinstance(event, OrderEvent)
    assert event.data["orderId"] == "\N{SNOWMAN}"


def test_server_that_cannot_be_reached_is_given_up_in_time(client: Kind) -> None:
    url = url_without_server()
    with pytest.raises(Unavailable, match=f"^No answer from {url} \\(ConnectError: "):
        client.read(url, retry_max_seconds=0)


def test_malformed_address_is_refused_at_once(client: Kind) -> None:
    with pytest.raises(ValueError, match=r"'127\.0\.0\.1:8000' is not a URL such as"):
        client.read("127.0.0.1:8000")


def test_finite_stream_without_events_is_empty(client: Kind, server: ServerProcess) -> None:
    assert client.read(server.url, follow=False) == []


@pytest.mark.parametrize("part", [b"data: ", b"data: x\n", b"id: e-1\r\ndata: x\r\n"], ids=["line", "lines", "CRLF"])
def test_event_that_is_too_long_is_an_error(client: Kind, part: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.client.transports.event_source.MAX_EVENT_BYTES", 100_000)
    endless = Answer(200, part + b"data: x\r" * 20_000, STREAM, held=True)
    with ScriptedServer(endless) as server, pytest.raises(UnexpectedAnswer, match="longer than 100000 bytes"):
        client.read(server.url, 1)


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"], ids=["LF", "CR", "CRLF"])
def test_long_stream_of_short_events_has_no_limit(client: Kind, end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.client.transports.event_source.MAX_EVENT_BYTES", 1_000)
    frames = "".join(f"{frame}\n\n" for frame in [*(shipped(number) for number in range(2_000)), END])
    with ScriptedServer(Answer(200, frames.replace("\n", end).encode(), STREAM)) as server:
        assert len(client.read(server.url)) == 2_000


def test_limit_ends_a_stream_that_follows(client: Kind, filled: ServerProcess) -> None:
    assert len(client.read(filled.url, from_="earliest", limit=4)) == 4
    assert none_is_open(filled)


def test_stream_that_is_closed_leaves_no_connection(client: Kind, filled: ServerProcess) -> None:
    assert len(client.read(filled.url, 4, from_="earliest")) == 4
    assert none_is_open(filled)


def test_checkpoints_keep_the_position_of_a_narrow_filter_current(client: Kind, filled: ServerProcess) -> None:
    narrow: StreamOptions = {"order_ids": ["nobody"], "from_": "earliest"}
    opening, place = client.read(filled.url, 2, checkpoints="yield", **narrow)  # the second comes with the heartbeat
    assert (type(opening), type(place)) == (Checkpoint, Checkpoint)
    newest = client.read(filled.url, from_="earliest", follow=False)[-1].id
    assert place.id == newest != opening.id
    assert client.read(filled.url, checkpoints="yield", after=place.id, follow=False) == []


@pytest.mark.parametrize("options", [{"gaps": "skip"}, {"checkpoints": "raise"}])
def test_unknown_choice_is_refused_at_once(options: dict[str, Any]) -> None:
    (name, choice), *_ = options.items()
    for kind in (OrdersClient, AsyncOrdersClient):
        with pytest.raises(ValueError, match=f"'{choice}' is not a valid value for {name}; it must be one of "):
            kind("http://127.0.0.1:1").stream(**options)


# --- for threads ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def orders(filled: ServerProcess) -> Iterator[OrdersClient]:
    """A client that stays open, so that its streams are what ends connections."""
    with OrdersClient(filled.url) as client:
        yield client


def test_leaving_the_loop_ends_the_connection(orders: OrdersClient, filled: ServerProcess) -> None:
    for _ in orders.stream(from_="earliest"):
        break
    assert none_is_open(filled)


def test_exception_in_the_loop_ends_the_connection(orders: OrdersClient, filled: ServerProcess) -> None:
    with pytest.raises(KeyError):
        [event.data["no such member"] for event in orders.stream(from_="earliest")]
    assert none_is_open(filled)


def test_closed_stream_continues_when_it_is_iterated_again(orders: OrdersClient, filled: ServerProcess) -> None:
    everything = [event.id for event in orders.stream(from_="earliest", follow=False)]
    with orders.stream(from_="earliest", limit=9) as stream:
        first = [next(stream).id for _ in range(4)]
        assert stream.last_event_id == everything[3]
    assert none_is_open(filled)
    assert [*first, *(event.id for event in stream)] == everything
    assert list(stream) == []


def test_callers_own_http_client_is_used_and_left_open() -> None:
    with ScriptedServer(stream(OPENING, END)) as server:
        with httpx.Client(headers={"Authorization": "Bearer x"}) as http:
            with OrdersClient(server.url, http=http) as orders:
                assert list(orders.stream()) == []
            assert not http.is_closed
        assert server.asked[0].headers["Authorization"] == "Bearer x"


def test_failure_that_may_pass_is_logged(caplog: pytest.LogCaptureFixture, client: Kind) -> None:
    with (
        ScriptedServer(stream(OPENING), Answer(503), stream(END)) as server,
        caplog.at_level(logging.WARNING, logger="app.client"),
    ):
        assert client.read(server.url) == []
    assert [record.getMessage() for record in caplog.records] == [
        "The server answered 503 Service Unavailable. Trying again."
    ]


def test_silent_connection_is_replaced_by_a_new_one() -> None:
    def answer(asked: Asked) -> Answer:
        """Be silent after the first event for as long as there is a reader that has not had it: a slow one may come twice."""
        has_had_it = asked.headers.get("Last-Event-ID") == "e-1"
        return stream(shipped(2), END) if has_had_it else stream(OPENING, shipped(1), held=True)

    with ScriptedServer(script=answer) as server, OrdersClient(server.url, silence_seconds=0.5) as orders:
        assert [event.id for event in orders.stream()] == ["e-1", "e-2"]
    assert server.asked[-1].headers["Last-Event-ID"] == "e-1"


ENDLESS = Answer(404, b"x" * (MAX_BODY_BYTES + 100_000), held=True)


def test_endless_body_of_a_refusal_is_read_in_part() -> None:
    with ScriptedServer(ENDLESS) as server, httpx.Client(trust_env=False, timeout=PATIENCE_SECONDS) as http:
        with pytest.raises(RequestRefused, match="404"):
            next(OrdersClient(server.url, http=http).stream())
        assert http._transport._pool.connections == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("error", [httpx.LocalProtocolError, httpx.UnsupportedProtocol])
def test_error_that_cannot_pass_is_raised_at_once(error: Callable[[str], Exception]) -> None:
    def refuse(_request: httpx.Request) -> httpx.Response:
        raise error("Illegal header value.")

    with httpx.Client(transport=httpx.MockTransport(refuse)) as http:
        orders = OrdersClient("http://orders.invalid", http=http)
        with pytest.raises(httpx.TransportError, match="Illegal header value"):
            next(orders.stream())


# --- for asyncio ---------------------------------------------------------------------------------------------------------------


def test_cancelled_reader_leaves_no_connection_and_can_continue(filled: ServerProcess) -> None:
    async def scenario() -> list[str]:
        async with AsyncOrdersClient(filled.url) as orders:
            stream = orders.stream(from_="earliest")
            first = [(await anext(stream)).id for _ in range(9)]
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await anext(stream)
            assert await asyncio.to_thread(none_is_open, filled)
            assert stream.last_event_id == first[-1]
            waiting = asyncio.create_task(anext(stream))
            await asyncio.to_thread(publish_now, filled.events_url, counted(1, 1))
            first.append((await waiting).id)
            await stream.aclose()
            assert await asyncio.to_thread(none_is_open, filled)
            return first

    assert len(asyncio.run(scenario())) == 10


def test_unreferenced_stream_closes_its_connection(filled: ServerProcess) -> None:
    async def scenario() -> None:
        async with AsyncOrdersClient(filled.url) as orders:
            async for _ in orders.stream(from_="earliest"):
                break
            gc.collect()
            assert await asyncio.to_thread(none_is_open, filled)

    asyncio.run(scenario())


def test_many_streams_of_one_client_do_not_wait_for_each_other(filled: ServerProcess) -> None:
    async def scenario() -> int:
        async with AsyncOrdersClient(filled.url) as orders:
            streams = [orders.stream(from_="earliest") for _ in range(120)]
            async with asyncio.timeout(PATIENCE_SECONDS):
                firsts = await asyncio.gather(*(anext(stream) for stream in streams))
            for stream in streams:
                await stream.aclose()
            return len(firsts)

    assert asyncio.run(scenario()) == 120


def test_callers_own_asynchronous_http_client_is_left_open(filled: ServerProcess) -> None:
    async def scenario() -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE_SECONDS) as http:
            async with AsyncOrdersClient(filled.url, http=http) as orders:
                assert (await anext(orders.stream(from_="earliest"))).id
            assert not http.is_closed

    asyncio.run(scenario())


def test_endless_body_of_a_refusal_is_read_in_part_with_asyncio() -> None:
    async def scenario(url: str) -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE_SECONDS) as http:
            with pytest.raises(RequestRefused, match="404"):
                await anext(AsyncOrdersClient(url, http=http).stream())
            assert http._transport._pool.connections == []  # type: ignore[attr-defined]

    with ScriptedServer(ENDLESS) as server:
        asyncio.run(scenario(server.url))
