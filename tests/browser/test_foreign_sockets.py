"""Foreign WebSocket clients read what the stream has, publish, and come back with their last id; no client has code of ours."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page

from tests.browser.following import patient, published
from tests.browser.talking import (
    PATH,
    Message,
    PageTalking,
    Talking,
    node_talking,
    python_talking,
    read,
)
from tests.support.ports import own_port
from tests.support.server_process import QUICK, ServerProcess
from tests.transports.http.orders import cancelled, new_order, publish, shipped

Open = Callable[[ServerProcess], AbstractContextManager[Talking]]
AWKWARD = ("line\nfeed\r\n\nid: forged", "\u2028\u2029\u0085", "\x00", "\U0001f4e6 caf\u00e9", "x" * 500)


@pytest.fixture(params=["chromium", "node", "python"])
def open_client(request: pytest.FixtureRequest) -> Open:
    """Return a function that opens a connection of a client to a server."""
    if request.param == "chromium":
        page: Page = request.getfixturevalue("page")

        def in_page(server: ServerProcess) -> AbstractContextManager[Talking]:
            page.goto(f"{server.url}/health/live")
            return nullcontext(PageTalking(page, socket_url(server)))

        return in_page
    if request.param == "node":
        node = request.getfixturevalue("node")
        return lambda server: node_talking(node, socket_url(server))
    return lambda server: python_talking(socket_url(server))


def socket_url(server: ServerProcess) -> str:
    return f"ws://127.0.0.1:{server.port}{PATH}"


def read_answer(talking: Talking) -> Message:
    """Return the next message that is not a sign of life: at the time of a heartbeat, a filter that skipped events gets a checkpoint."""
    while (message := read(talking))["type"] == "checkpoint":
        pass
    return message


def read_events(talking: Talking, number: int, count: int) -> list[Message]:
    """Read until a subscription has got this many events. Events of other subscriptions are an error."""
    events: list[Message] = []
    while len(events) < count:
        message = read_answer(talking)
        assert (message["type"], message["subscription"]) == ("events", number), message
        events += message["events"]
    return events


def test_client_reads_stored_and_new_events_of_two_subscriptions_and_publishes(
    server: ServerProcess, http: httpx.Client, open_client: Open
) -> None:
    order, other = new_order(), new_order()
    publish(http, shipped(order), *(cancelled(order, reason) for reason in AWKWARD))
    with open_client(server) as talking:
        assert talking.extensions.startswith("permessage-deflate")
        talking.say({"type": "subscribe", "subscription": 1, "orderId": [order], "from": "earliest"})
        assert read(talking)["type"] == "checkpoint"
        events = read_events(talking, 1, 6)
        talking.say({"type": "subscribe", "subscription": 2, "orderId": [other]})
        assert read(talking)["type"] == "checkpoint"
        talking.say({"type": "publish", "request": 9, "events": [shipped(other)]})
        answers = sorted((read_answer(talking), read_answer(talking)), key=lambda each: each["type"])
        assert [each["type"] for each in answers] == ["events", "published"]
        assert answers[0]["subscription"] == 2
        assert answers[0]["lastEventId"] == answers[1]["events"][0]["id"]
        publish(http, *(cancelled(order) for _ in range(700)))
        events += read_events(talking, 1, 700)
        talking.say({"type": "unsubscribe", "subscription": 1})
        assert read_answer(talking) == {"type": "unsubscribed", "subscription": 1}
        talking.close()
        while "closed" not in (last := read(talking)):
            pass
        assert last == {"closed": 1000}
    assert [(each["id"], each["eventType"], each["data"]) for each in events] == [
        (each.id, each.type, each.data) for each in published(http, orderId=order)
    ]


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_client_comes_back_with_its_last_id_after_a_restart(
    tmp_path: Path, open_client: Open, end: signal.Signals
) -> None:
    arguments = ("--store", f"sqlite:{tmp_path / 'log.db'}", *QUICK)
    with ServerProcess(*arguments, port=own_port()) as server, patient(server) as http:
        port = server.port
        with open_client(server) as talking:
            talking.say({"type": "subscribe", "subscription": 32})
            last_id = read(talking)["lastEventId"]
            server.signal(end)
            if end == signal.SIGTERM:
                assert read(talking) == {"type": "closing", "subscription": 32, "reason": "drain"}
                assert read(talking) == {"closed": 1012}
            server.wait()
    with ServerProcess(*arguments, port=port) as server, patient(server) as http:
        missed = publish(http, *(shipped() for _ in range(3)))
        with open_client(server) as talking:
            talking.say({"type": "subscribe", "subscription": 1, "lastEventId": last_id})
            assert read(talking)["type"] == "checkpoint"
            assert [each["id"] for each in read_events(talking, 1, 3)] == missed
