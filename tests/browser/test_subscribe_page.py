"""The browser client in Chromium: every event comes once and in order, across pauses and restarts of the server."""

from __future__ import annotations

import signal
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page

from tests.browser.following import patient, published
from tests.browser.subscribing import Subscribed
from tests.browser.watching import Watched
from tests.support.ports import own_port
from tests.support.server_process import QUICK, ServerProcess
from tests.transports.http.orders import cancelled, eventually, new_order, publish, shipped, streams_open

each_transport = pytest.mark.parametrize("transport", ["eventsource", "fetch", "websocket"])


@each_transport
def test_stored_and_live_events_come_as_they_were_published(opened: Page, http: httpx.Client, transport: str) -> None:
    watched = Watched()
    watched.watch(opened)
    order = new_order()
    publish(http, shipped(order), cancelled(order, "line\nfeed\r\n\nid: forged"), shipped())
    subscribed = Subscribed(opened, orderId=order, **{"from": "earliest"}, transport=transport, shared=False)
    subscribed.reaches("open")
    *_, last = publish(http, cancelled(order, "\u2028\U0001f4e6"))
    assert subscribed.through(last) == published(http, orderId=order)
    assert subscribed.do("lastEventId") == last
    assert watched.errors == []


@each_transport
def test_only_events_of_the_chosen_types_come(opened: Page, http: httpx.Client, transport: str) -> None:
    subscribed = Subscribed(opened, eventTypes=["order.cancelled"], transport=transport, shared=False)
    subscribed.reaches("open")
    first, _, third = publish(http, cancelled(), shipped(), cancelled())
    subscribed.through(third)
    assert subscribed.ids() == [first, third]


@each_transport
def test_events_published_during_a_pause_come_after_it(opened: Page, http: httpx.Client, transport: str) -> None:
    subscribed = Subscribed(opened, transport=transport, shared=False)
    subscribed.reaches("open")
    (first,) = publish(http, shipped())
    subscribed.through(first)
    subscribed.do("pause()")
    assert eventually(lambda: streams_open(http) == 0)
    missed = [event_id for _ in range(3) for event_id in publish(http, *(shipped() for _ in range(1000)))]
    assert subscribed.ids() == [first]
    subscribed.do("resume()")
    subscribed.through(missed[-1])
    assert subscribed.ids() == [first, *missed]
    assert subscribed.states() == ["connecting", "open", "paused", "connecting", "open"]


@each_transport
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_is_missed_while_the_server_is_away(
    page: Page, tmp_path: Path, transport: str, end: signal.Signals
) -> None:
    arguments = ("--store", f"sqlite:{tmp_path / 'log.db'}", *QUICK)
    with ServerProcess(*arguments, port=own_port()) as server, patient(server) as http:
        port = server.port
        page.goto(f"{server.url}/docs")
        subscribed = Subscribed(page, transport=transport, shared=False)
        subscribed.reaches("open")
        server.signal(end)
        server.wait()
        subscribed.reaches("reconnecting")
    with ServerProcess(*arguments) as server, patient(server) as http:
        publish(http, shipped(), cancelled())
    with ServerProcess(*arguments, port=port) as server, patient(server) as http:
        *_, last = publish(http, shipped())
        assert subscribed.through(last) == published(http)
        # Twice, if the client reconnects before the server has ended.
        assert {each["reason"] for each in subscribed.calls("closing")} == (
            {"drain"} if end is signal.SIGTERM else set()
        )
        assert subscribed.calls("gap") == []
        subscribed.do("close()")
