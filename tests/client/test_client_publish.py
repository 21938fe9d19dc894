"""Publishing stores each event once, even if answers are lost, and names the events that are refused."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Sized
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import count
from pathlib import Path
from typing import assert_type

import pytest

from app.client import (
    AsyncOrdersClient,
    EventsRefused,
    OrdersClient,
    PublishedEvent,
    RequestRefused,
    Unavailable,
    UnexpectedAnswer,
    Violation,
)
from app.client.protocol.publishing import Publishing
from app.client.protocol.retries import TransientError
from app.client.protocol.server_response import ServerResponse
from tests.client.cutting_proxy import CuttingProxy
from tests.client.frames import answer, problem
from tests.client.kinds import Kind
from tests.support.ports import own_port, url_without_server
from tests.support.server_process import ServerProcess
from tests.support.servers import sqlite, start_server
from tests.support.subscribers import PATIENCE_SECONDS, read_stored
from tests.transports.http.orders import eventually


def shipped(order_id: str, **members: object) -> dict[str, object]:
    data = {"orderId": order_id, "when": "2024-05-01T10:00:00Z"}
    return {"eventType": "order.shipped", "data": data, **members}


def stored(server: ServerProcess, prefix: str) -> list[tuple[str, str]]:
    """Return the id and the order of each stored event whose order begins with `prefix`."""
    found = [(frame.id, frame.json()["orderId"]) for frame in read_stored(server.events_url)]
    return [each for each in found if each[1].startswith(prefix)]


# --- with a server ---------------------------------------------------------------------------------------------------------------


def test_result_has_the_position_of_each_event_and_whether_it_is_a_duplicate(
    client: Kind, server: ServerProcess
) -> None:
    name = f"result-{type(client).__name__}"
    first, second = client.publish(server.url, [shipped(f"{name}-1", eventId=name), shipped(f"{name}-2")])
    assert (first.event_type, first.event_id, first.duplicate) == ("order.shipped", name, False)
    assert stored(server, name) == [(first.id, f"{name}-1"), (second.id, f"{name}-2")]
    (again,) = client.publish(server.url, [shipped(f"{name}-1", eventId=name)])
    assert again == PublishedEvent(first.id, "order.shipped", first.schema_version, name, duplicate=True)


def test_one_event_has_one_result(server: ServerProcess) -> None:
    with OrdersClient(server.url) as orders:
        one = assert_type(orders.publish(shipped("one")), PublishedEvent)
        (other,) = assert_type(orders.publish([shipped("one")]), list[PublishedEvent])
    assert one.event_id != other.event_id

    async def publish() -> PublishedEvent:
        async with AsyncOrdersClient(server.url) as asynchronous:
            return assert_type(await asynchronous.publish(shipped("one")), PublishedEvent)

    assert asyncio.run(publish()).event_type == "order.shipped"


@pytest.mark.parametrize("allowed", [0, 1, 100])
def test_request_whose_answer_is_cut_is_repeated_and_stored_once(
    client: Kind, server: ServerProcess, allowed: int
) -> None:
    passes: Iterator[int | None] = iter([allowed, allowed, None])
    name = f"cut-{type(client).__name__}-{allowed}"
    with CuttingProxy(server.port, lambda: next(passes)) as proxy:
        published = client.publish(proxy.url, [shipped(f"{name}-{number}") for number in range(3)])
    assert proxy.broken == 2
    assert [each.duplicate for each in published] == [True] * 3, "the first try had stored them"
    assert stored(server, name) == [(each.id, f"{name}-{number}") for number, each in enumerate(published)]


def grown(published: Sized, size: int) -> bool:
    return len(published) >= size


def test_server_that_is_killed_while_publishing_stores_each_event_once(client: Kind, tmp_path: Path) -> None:
    store = sqlite(tmp_path)
    published: list[PublishedEvent] = []
    enough = threading.Event()  # until then it publishes, however slowly the server comes back

    def publish(url: str) -> None:
        for batch in count():
            if enough.is_set():
                return
            published.extend(client.publish(url, [shipped(f"{batch}-{number}") for number in range(5)]))

    with ExitStack() as stack, ThreadPoolExecutor(1) as thread:
        stack.callback(enough.set)
        server = stack.enter_context(start_server(store, port=own_port()))
        publishing = thread.submit(publish, server.url)
        for _ in range(2):
            assert eventually(partial(grown, published, len(published) + 20), PATIENCE_SECONDS)
            server.kill()
            server = stack.enter_context(start_server(store, port=server.port))
        assert eventually(partial(grown, published, len(published) + 20), PATIENCE_SECONDS)
        enough.set()
        publishing.result(PATIENCE_SECONDS)
        assert stored(server, "") == [(each.id, f"{index // 5}-{index % 5}") for index, each in enumerate(published)]


def test_events_that_break_their_contract_are_named_and_none_is_stored(client: Kind, server: ServerProcess) -> None:
    bad: list[dict[str, object]] = [shipped("bad-1"), shipped("bad 2", more=1), {"eventType": "order.lost", "data": {}}]
    with pytest.raises(EventsRefused, match=r"Event 1: /.*Event 2: /eventType") as refused:
        client.publish(server.url, bad)
    assert {violation.index for violation in refused.value.violations} == {1, 2}
    assert "/data/orderId" in {violation.pointer for violation in refused.value.violations}
    assert (refused.value.status, refused.value.problem.type) == (422, "/problems/contract-violation")
    assert stored(server, "bad") == []


def test_event_id_that_is_in_use_is_named(client: Kind, server: ServerProcess) -> None:
    name = f"taken-{type(client).__name__}"
    client.publish(server.url, [shipped(f"{name}-1", eventId=name)])
    with pytest.raises(EventsRefused) as refused:
        client.publish(server.url, [shipped(f"{name}-2"), shipped(f"{name}-3", eventId=name)])
    assert refused.value.violations == (Violation(1, "/eventId", f"'{name}' names another event already"),)
    assert refused.value.status == 409


@pytest.mark.parametrize("count", [0, 1001])
def test_request_with_no_event_or_too_many_is_refused(client: Kind, server: ServerProcess, count: int) -> None:
    with pytest.raises(RequestRefused) as refused:
        client.publish(server.url, [shipped(f"many-{number}") for number in range(count)])
    assert refused.value.status == 422
    assert stored(server, "many") == []


def test_server_that_cannot_be_reached_is_given_up_in_time(client: Kind) -> None:
    with pytest.raises(Unavailable, match=r"^No answer from "):
        client.publish(url_without_server(), [shipped("o")], retry_max_seconds=0)


# --- without a socket ----------------------------------------------------------------------------------------------------------


def publishing(*events: dict[str, object], report: Callable[[str], None] = print) -> Publishing:
    return Publishing(events, retry_max_seconds=60, report=report, clock=lambda: 0.0)


def test_event_gets_an_id_before_the_first_attempt_if_it_has_none() -> None:
    first, second, third = json.loads(publishing(shipped("a", eventId="x"), shipped("b"), shipped("b")).body)
    assert first["eventId"] == "x"
    assert second["eventId"] != third["eventId"]
    assert {"eventType", "data", "eventId"} == set(second)


def test_event_of_the_caller_is_not_changed() -> None:
    event = shipped("a")
    publishing(event)
    assert "eventId" not in event


def test_value_that_json_cannot_express_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="JSON"):
        publishing(shipped("a", more=float("nan")))


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_wait_after_a_transient_status_is_the_one_that_it_asks_for(status: int) -> None:
    reports: list[str] = []
    sending = publishing(shipped("a"), report=reports.append)
    with pytest.raises(TransientError, match="Busy") as raised:
        sending.answered(problem(status, "Busy.", retry_after="7"))
    waits = [sending.wait_seconds(raised.value) for _ in range(20)]
    assert 7.0 <= min(waits) <= waits[0] + 0.25 <= 7.5
    assert 8.0 < max(waits) <= 15.0
    assert reports == ["Busy. Trying again for up to 60 seconds."]


def test_publishing_gives_up_if_the_server_asks_for_a_longer_wait() -> None:
    with pytest.raises(Unavailable, match="Busy"):
        publishing(shipped("a")).wait_seconds(TransientError("Busy.", 61))


STORED = {"id": "e-1", "eventType": "x", "schemaVersion": "1.0.0", "eventId": "x", "duplicate": False}


@pytest.mark.parametrize(
    "given",
    [
        answer(201, b"<html>"),
        answer(201, b"[]"),
        answer(201, b'{"events": []}'),
        answer(201, b'{"events": [5]}'),
        answer(201, b"[" * 100_000),
        answer(201, json.dumps({"events": [STORED] * 2}).encode()),
        answer(201, b'{"events": [{"id": "e-1"}]}'),
    ],
)
def test_answer_without_the_stored_events_is_unexpected(given: ServerResponse) -> None:
    with pytest.raises(UnexpectedAnswer):
        publishing(shipped("a")).answered(given)


@pytest.mark.parametrize(
    "nameless",
    [
        problem(422, "No.", violations="many"),
        problem(422, "No.", violations=[{"index": 7, "pointer": "", "message": "is bad"}]),
        problem(422, "No.", violations=[{"index": "0"}, 5]),
        problem(409, "No.", index=-1, eventId="x"),
        problem(413, "No."),
        problem(401, "No."),
    ],
)
def test_refusal_without_an_event_of_the_request_refuses_all(nameless: ServerResponse) -> None:
    with pytest.raises(RequestRefused, match=r"^No\.$") as refused:
        publishing(shipped("a")).answered(nameless)
    assert type(refused.value) is RequestRefused


def test_text_of_a_refusal_is_limited() -> None:
    violations = [{"index": 0, "pointer": "/data", "message": f"is bad {number}"} for number in range(1000)]
    with pytest.raises(EventsRefused) as refused:
        publishing(shipped("a")).answered(problem(422, "No.", violations=violations))
    assert len(refused.value.violations) == 1000
    assert str(refused.value) == ("No. Event 0: /data is bad 0. Event 0: /data is bad 1. Event 0: /data is bad 2. ...")
