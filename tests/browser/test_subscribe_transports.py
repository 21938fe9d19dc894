"""The browser client over every transport: the same calls of the handlers, one place to return to, and `auto` behind a bad proxy."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.bad_network import bad_network
from tests.browser.following import patient, published
from tests.browser.subscribing import Subscribed
from tests.support.ports import own_port
from tests.support.server_process import QUICK, ServerProcess
from tests.transports.http.orders import cancelled, new_order, publish, shipped

TRANSPORTS: tuple[dict[str, object], ...] = (
    {"transport": "eventsource"},
    {"transport": "fetch"},
    {"transport": "websocket"},
    {"transport": "auto"},
)
KEY = {"storageKey": "place"}
CALLS = ("gap", "event", "checkpoint", "closing")


def test_handlers_are_called_with_the_same_over_every_transport(opened: Page, http: httpx.Client) -> None:
    order = new_order()
    publish(http, shipped(order), cancelled(order, "\u2028 \U0001f4e6 \x00 1.0"), shipped(order), *(shipped(),) * 3)
    finite = (
        f"lastEventId=nope&orderId={order}&limit=3",
        f"from=earliest&follow=false&orderId={order}&eventTypes=order.cancelled",
        "since=2026-01-01T00:00:00Z&follow=false",
    )
    for query in finite:
        calls: list[dict[str, list[Any]]] = []
        for options in TRANSPORTS:
            subscribed = Subscribed(opened, url=f"/events/orders?{query}", shared=False, **options)
            subscribed.reaches("closed")
            calls.append({kind: subscribed.calls(kind) for kind in CALLS} | {"place": [subscribed.do("lastEventId")]})
            assert subscribed.calls("error") == []
        assert len(calls[0]["event"]) >= 1
        assert all(each == calls[0] for each in calls), calls


def test_live_handlers_are_called_with_the_same_over_every_transport(opened: Page, http: httpx.Client) -> None:
    subscribed = [
        Subscribed(opened, eventTypes=["order.cancelled"], shared=shared, **options)
        for options in TRANSPORTS[
            :-1
        ]  # Chromium opens six connections to a host; here `auto` would be another event stream
        for shared in (False, True)
    ]
    for each in subscribed:
        each.reaches("open")
    last = ""
    for _ in range(3):
        *_, last = publish(http, shipped(), cancelled(reason="caf\u00e9"), cancelled())
        for each in subscribed:
            each.through(last)
    (passed,) = publish(http, shipped())
    for each in subscribed:
        each.passes(passed)
        assert each.calls("event") == subscribed[0].calls("event")
        assert len(each.ids()) == 6
        assert each.states()[:2] == ["connecting", "open"]
        each.do("close()")


@pytest.mark.parametrize("shared", [False, True], ids=["alone", "shared"])
def test_page_goes_on_where_it_was_when_it_changes_its_transport(
    context: BrowserContext, tmp_path: Path, shared: bool
) -> None:
    arguments = ("--store", f"sqlite:{tmp_path / 'log.db'}", *QUICK)
    page = context.new_page()
    port, received, stored = own_port(), [], []
    for transport, end in (("sse", signal.SIGKILL), ("websocket", signal.SIGTERM), ("sse", None)):
        with ServerProcess(*arguments, port=port) as server, patient(server) as http:
            if page.url == "about:blank":
                page.goto(f"{server.url}/docs")
            subscribed = Subscribed(page, transport=transport, shared=shared, **{"from": "earliest"}, **KEY)
            *_, last = publish(http, shipped(), cancelled())
            subscribed.through(last)
            *_, last = publish(http, *(shipped() for _ in range(20)))  # the server ends while they arrive
            if end:
                server.signal(end)
                server.wait()
                subscribed.reaches("reconnecting")
            else:
                subscribed.through(last)
                stored = published(http)
            subscribed.do("close()")
            assert subscribed.calls("gap") == []
            received += subscribed.events()
    assert received == stored
    assert len(stored) == 66


def test_auto_is_a_stream_where_nothing_holds_it_back(opened: Page, http: httpx.Client) -> None:
    sockets: list[str] = []
    opened.on("websocket", lambda socket: sockets.append(socket.url))
    opened.clock.install()
    subscribed = Subscribed(opened, transport="auto", shared=False)
    subscribed.reaches("open")
    opened.clock.fast_forward(25_000)
    (last,) = publish(http, shipped())
    subscribed.through(last)
    assert "reconnecting" not in subscribed.states()
    assert sockets == []
    subscribed.do("close()")


def test_auto_is_websocket_once_a_proxy_has_held_back_two_streams(
    server: ServerProcess, http: httpx.Client, page: Page
) -> None:
    with bad_network(server) as network:
        page.goto(f"{network.url}/docs")
        page.clock.install()
        sockets: list[str] = []
        page.on("websocket", lambda socket: sockets.append(socket.url))
        network.passing.clear()
        subscribed = Subscribed(page, transport="auto", shared=False, **KEY)
        for attempt in (1, 2):
            network.waits_for_streams(attempt)
            page.clock.fast_forward(8_000)
            assert subscribed.calls("state")[-1]["attempt"] == attempt - 1
            page.clock.fast_forward(2_000)
            subscribed.attempts(attempt)
        subscribed.reaches("open")
        (first,) = publish(http, shipped())
        subscribed.through(first)
        assert subscribed.do("lastEventId") == first
        reasons = [state["reason"] for state in subscribed.calls("state") if state["state"] == "reconnecting"]
        assert reasons == ["silent", "silent"]
        assert len(sockets) == 1
        subscribed.do("close()")
