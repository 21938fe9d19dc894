"""The browser client on a network that cuts its streams, delays them, or is offline: every event comes once."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.bad_network import BadNetwork, bad_network
from tests.browser.following import patient
from tests.browser.reading_through_cuts import MODES, read_through_cuts
from tests.browser.subscribing import Subscribed
from tests.support.checker import Ledger, judge
from tests.support.publishers import counted, publish_now
from tests.support.server_process import ServerProcess
from tests.support.subscribers import head_id
from tests.transports.http.orders import eventually, publish, shipped, streams_open

CUTS = 30

each_mode = pytest.mark.parametrize("options", MODES.values(), ids=MODES.keys())


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with ServerProcess("--store", "memory:", "--heartbeat-seconds", "1", "--retry-ms", "1-5") as server:
        yield server


@pytest.fixture
def network(server: ServerProcess) -> Iterator[BadNetwork]:
    with bad_network(server) as network:
        yield network


@pytest.fixture
def tab(context: BrowserContext, network: BadNetwork) -> Page:
    page = context.new_page()
    page.goto(f"{network.url}/docs")
    return page


def set_offline(context: BrowserContext, offline: bool) -> None:
    """Switch the network of a context off or on. Playwright itself does that for pages only, not for shared workers."""
    assert context.browser is not None
    browser = context.browser.new_browser_cdp_session()
    conditions = {"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    for target in browser.send("Target.getTargets")["targetInfos"]:
        if target["type"] == "shared_worker":
            session = browser.send("Target.attachToTarget", {"targetId": target["targetId"], "flatten": False})[
                "sessionId"
            ]
            message = {"id": 1, "method": "Network.emulateNetworkConditions", "params": conditions}
            browser.send("Target.sendMessageToTarget", {"sessionId": session, "message": json.dumps(message)})
    context.set_offline(offline)


@pytest.mark.parametrize("mode", MODES)
def test_cuts_lose_nothing_and_repeat_nothing(server: ServerProcess, network: BadNetwork, tab: Page, mode: str) -> None:
    read_through_cuts(server, network, tab, MODES[mode], cuts=CUTS)


@each_mode
def test_events_published_while_offline_come_as_soon_as_it_is_online(
    context: BrowserContext, options: dict[str, object]
) -> None:
    # Without the return of the network, the client would wait ten minutes before it reconnects.
    with ServerProcess("--store", "memory:", "--retry-ms", "600000") as server:
        page = context.new_page()
        page.goto(f"{server.url}/docs")
        subscribed = Subscribed(page, **options)
        subscribed.reaches("open")
        ledger = Ledger()
        publish_now(server.events_url, counted(0, 10), ledger)
        set_offline(context, True)
        subscribed.reaches("offline")
        *_, last = publish_now(server.events_url, counted(1, 10), ledger)
        set_offline(context, False)
        subscribed.through(last)
        subscribed.reaches("open")
        assert judge(ledger, [subscribed.log("offline")]) == []
        subscribed.do("close()")


def test_tab_that_is_ahead_of_the_shared_connection_gets_nothing_twice(
    server: ServerProcess, network: BadNetwork, context: BrowserContext, tab: Page
) -> None:
    behind = Subscribed(tab)
    behind.reaches("open")
    network.passing.clear()
    with patient(server) as http:
        ids = publish(http, *(shipped() for _ in range(5)))
        other = context.new_page()
        other.goto(f"{network.url}/docs")
        start = behind.do("lastEventId")
        from_before = Subscribed(other, after=start)
        from_among = Subscribed(other, after=ids[2])
        from_the_head = Subscribed(other, after=head_id(server.events_url))
        for each in (from_before, from_among, from_the_head):
            each.reaches("open")
        assert from_before.ids() == ids  # from the log, not from the shared connection
        assert from_among.ids() == ids[3:]
        assert behind.ids() == []
        network.passing.set()
        *_, last = more = publish(http, *(shipped() for _ in range(5)))
        for each, received in ((behind, ids), (from_before, ids), (from_among, ids[3:]), (from_the_head, [])):
            each.through(last)
            assert each.ids() == [*received, *more]
        # The proxy of the test before this one may still be ending its streams.
        assert eventually(lambda: streams_open(http) == 1)
