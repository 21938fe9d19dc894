"""Tabs that share one connection: each gets every event that it wants, whatever the other tabs do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page

from tests.browser.following import patient, published
from tests.browser.subscribing import Subscribed
from tests.support.checker import Ledger, judge
from tests.support.ports import own_port
from tests.support.publishers import LAST, counted, publish_now
from tests.support.server_process import QUICK, ServerProcess
from tests.transports.http.orders import cancelled, eventually, metric, new_order, publish, shipped, streams_open


@pytest.fixture
def browser_context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context()
    yield context
    context.close()


@pytest.fixture
def server() -> Iterator[ServerProcess]:
    """A server for each test, because the tests count its connections."""
    with ServerProcess("--store", "memory:", *QUICK) as server:
        yield server


def tab(context: BrowserContext, url: str) -> Page:
    page = context.new_page()
    page.goto(f"{url}/docs")
    return page


def test_eight_tabs_have_one_connection_which_the_last_one_closes(
    server: ServerProcess, http: httpx.Client, browser_context: BrowserContext
) -> None:
    subscribed = [Subscribed(tab(browser_context, server.url)) for _ in range(8)]
    for each in subscribed:
        each.reaches("open")
    *_, last = ids = publish(http, *(shipped() for _ in range(100)), cancelled())
    for each in subscribed:
        each.through(last)
        assert each.ids() == ids
        assert all(state["shared"] for state in each.calls("state"))
    assert streams_open(http) == 1
    for each in subscribed[:7]:
        each.page.close()
    assert streams_open(http) == 1
    subscribed[7].page.close()
    assert eventually(lambda: streams_open(http) == 0)


def test_tabs_that_want_different_events_have_different_connections(
    server: ServerProcess, http: httpx.Client, browser_context: BrowserContext
) -> None:
    one, other = new_order(), new_order()
    page = tab(browser_context, server.url)
    first, second, third = (Subscribed(page, orderId=order) for order in (one, other, one))
    for each in (first, second, third):
        each.reaches("open")
    assert streams_open(http) == 2
    ids = publish(http, shipped(one), shipped(other))
    assert [first.through(ids[0])[0].id, third.through(ids[0])[0].id] == [ids[0], ids[0]]
    assert second.through(ids[1])[0].id == ids[1]
    second.do("close()")
    first.do("close()")
    assert eventually(lambda: streams_open(http) == 1)
    third.do("close()")
    assert eventually(lambda: streams_open(http) == 0)


@pytest.mark.parametrize("start", ["earliest", "after", "since"])
def test_tab_that_joins_gets_the_stored_events(
    server: ServerProcess, http: httpx.Client, browser_context: BrowserContext, start: str
) -> None:
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    first, *others = publish(http, *(shipped() for _ in range(500)))
    Subscribed(tab(browser_context, server.url)).reaches("open")
    options = {"earliest": {"from": "earliest"}, "after": {"after": first}, "since": {"since": since}}
    joining = Subscribed(tab(browser_context, server.url), **options[start])
    joining.reaches("open")
    *_, last = more = publish(http, shipped())
    joining.through(last)
    assert joining.ids() == [*([] if start == "after" else [first]), *others, *more]
    assert streams_open(http) == 1


def test_tab_that_joins_an_empty_log_from_the_earliest_event_gets_everything(
    server: ServerProcess, http: httpx.Client, browser_context: BrowserContext
) -> None:
    joining = Subscribed(tab(browser_context, server.url), **{"from": "earliest"})
    joining.reaches("open")
    assert joining.do("lastEventId")
    *_, last = ids = publish(http, shipped(), shipped())
    joining.through(last)
    assert joining.ids() == ids


@contextmanager
def busy(server: ServerProcess, ledger: Ledger) -> Iterator[Callable[[], None]]:
    """Yield a function that publishes some requests of a few events, one after the other, while the test goes on.

    Publishing without end would be more work than the tabs can do, and the more, the quicker the server is.
    """
    allowed, stopping = threading.Semaphore(0), threading.Event()

    def publish_on() -> None:
        for first in count(0, 7):
            allowed.acquire()
            if stopping.is_set():
                return
            publish_now(server.events_url, counted(0, 7, first=first), ledger)

    thread = threading.Thread(target=publish_on)
    thread.start()
    try:
        yield lambda: allowed.release(10)
    finally:
        stopping.set()
        allowed.release()
        thread.join()
        publish_now(server.events_url, list(LAST.values()), ledger)


@pytest.mark.parametrize("transport", ["eventsource", "fetch", "websocket"])
def test_tabs_that_join_pause_and_leave_at_any_moment_of_a_busy_stream_miss_nothing(
    server: ServerProcess, browser_context: BrowserContext, transport: str
) -> None:
    ledger = Ledger()
    publish_now(server.events_url, counted(1, 1500), ledger)
    tabs = [tab(browser_context, server.url) for _ in range(3)]
    subscribed: list[Subscribed] = []
    with busy(server, ledger) as publish_some:
        for number in range(8):
            publish_some()
            page = tabs[number % len(tabs)]
            subscribed.append(Subscribed(page, transport=transport, **{"from": "earliest"}))
            for each in subscribed[::2]:
                each.do("pause()")
            subscribed[number // 2].reaches("open" if number // 2 % 2 else "paused")
            for each in subscribed[::2]:
                each.do("resume()")
        for each in subscribed:
            each.reaches("open")
        with patient(server) as http:
            # A tab that has fallen behind in the meantime reads the missed events from the log, and then shares again.
            assert eventually(lambda: streams_open(http) == 1)
    last = ledger.acknowledged[LAST["order.shipped"]]
    for each in subscribed:
        each.through(last)
    assert judge(ledger, [each.log(f"s{number}") for number, each in enumerate(subscribed)]) == []


def test_slow_tab_delays_no_other_and_reads_the_missed_events_from_the_log(
    server: ServerProcess, http: httpx.Client, browser_context: BrowserContext
) -> None:
    slow, quick = (Subscribed(tab(browser_context, server.url)) for _ in range(2))
    for each in (slow, quick):
        each.reaches("open")
    slow.hold()
    ledger = Ledger()
    *_, last = publish_now(server.events_url, counted(0, 6_000), ledger)
    assert len(quick.through(last)) == 6_000
    assert slow.count() == 0
    assert metric(http, "orders_events_stream_lag_events") == 0
    read_before = metric(http, "orders_events_events_delivered_total")

    slow.release()
    slow.through(last)
    assert judge(ledger, [slow.log("slow"), quick.log("quick")]) == []
    # The worker kept about a thousand of them; the others came from the log again.
    assert metric(http, "orders_events_events_delivered_total") - read_before > 4_000
    assert streams_open(http) == 1


def test_tab_that_crashes_is_noticed(
    server: ServerProcess, http: httpx.Client, browser_context: BrowserContext
) -> None:
    crashing, other = (tab(browser_context, server.url) for _ in range(2))
    Subscribed(crashing, orderId="or_1").reaches("open")
    staying = Subscribed(other, orderId="or_2")
    staying.reaches("open")
    assert streams_open(http) == 2
    with pytest.raises(Error, match="crash"):
        crashing.goto("chrome://crash")
    assert eventually(lambda: streams_open(http) == 1)
    (last,) = publish(http, shipped("or_2"))
    staying.through(last)


def test_worker_that_dies_is_replaced(
    server: ServerProcess, http: httpx.Client, chromium: Browser, browser_context: BrowserContext
) -> None:
    subscribed = [Subscribed(tab(browser_context, server.url)) for _ in range(3)]
    for each in subscribed:
        each.reaches("open")
    (first,) = publish(http, shipped())
    for each in subscribed:
        each.through(first)
    session = chromium.new_browser_cdp_session()
    targets = session.send("Target.getTargets")["targetInfos"]
    # Chromium takes a moment to end the workers of earlier tests, at other servers.
    workers = [each for each in targets if each["type"] == "shared_worker" and each["url"].startswith(server.url)]
    assert len(workers) == 1
    session.send("Target.closeTarget", {"targetId": workers[0]["targetId"]})
    *_, last = ids = publish(http, *(shipped() for _ in range(10)))
    for each in subscribed:
        each.through(last)
        assert each.ids() == [first, *ids]
    assert eventually(lambda: streams_open(http) == 1)


def test_tabs_survive_a_kill_of_the_server_and_get_one_gap_from_an_older_log(
    browser_context: BrowserContext, tmp_path: Path
) -> None:
    store, other = (("--store", f"sqlite:{tmp_path / name}", *QUICK) for name in ("log.db", "other.db"))
    with ServerProcess(*store, port=own_port()) as server, patient(server) as http:
        port = server.port
        publish(http, shipped())
        subscribed = [Subscribed(tab(browser_context, server.url), **{"from": "earliest"}) for _ in range(2)]
        for each in subscribed:
            each.reaches("open")
        server.kill()
    with ServerProcess(*store, port=port) as server, patient(server) as http:
        (last,) = publish(http, cancelled())
        for each in subscribed:
            assert each.through(last) == published(http)
            assert each.calls("gap") == []
    with ServerProcess(*other) as server, patient(server) as http:
        publish(http, shipped("or_other"))
    with ServerProcess(*other, port=port) as server, patient(server) as http:
        (stored,) = published(http)
        for each in subscribed:
            assert each.through(stored.id)[2:] == [stored]
            assert [(gap["reason"], gap["requested"]) for gap in each.calls("gap")] == [("foreign", last)]
        for each in subscribed:
            each.do("close()")


WITHOUT_WORKER = {
    "no such thing": "delete window.SharedWorker",
    "it cannot be made": "window.SharedWorker = class { constructor() { throw new DOMException('no', 'SecurityError') } }",
    "it cannot be loaded": "{ const Real = SharedWorker; window.SharedWorker = function () { return new Real('/none.js') } }",
    "it never answers": "window.SharedWorker = class extends EventTarget { port = new MessageChannel().port1 }",
}


@pytest.mark.parametrize("script", WITHOUT_WORKER.values(), ids=WITHOUT_WORKER.keys())
def test_tab_without_a_shared_worker_has_a_connection_of_its_own(
    server: ServerProcess, http: httpx.Client, browser_context: BrowserContext, script: str
) -> None:
    browser_context.add_init_script(script)
    subscribed = [Subscribed(tab(browser_context, server.url), heartbeatSeconds=1) for _ in range(2)]
    for each in subscribed:
        each.reaches("open")
        assert each.calls("state")[-1]["shared"] is False
    assert streams_open(http) == 2
    (last,) = publish(http, shipped())
    for each in subscribed:
        each.through(last)


def test_tab_without_web_locks_shares_and_leaves_too(
    server: ServerProcess, http: httpx.Client, browser_context: BrowserContext
) -> None:
    # As on an origin that is not secure: a page that is closed says so to the worker; only a crash would go unnoticed.
    browser_context.add_init_script("Object.defineProperty(Navigator.prototype, 'locks', { value: undefined })")
    subscribed = [Subscribed(tab(browser_context, server.url), orderId=order) for order in ("or_1", "or_1", "or_2")]
    for each in subscribed:
        each.reaches("open")
        assert each.calls("state")[-1]["shared"] is True
    assert streams_open(http) == 2
    subscribed[2].page.close()
    assert eventually(lambda: streams_open(http) == 1)


def test_stream_with_a_limit_or_without_follow_is_not_shared(
    server: ServerProcess, http: httpx.Client, browser_context: BrowserContext
) -> None:
    ids = publish(http, shipped(), shipped(), shipped())
    page = tab(browser_context, server.url)
    subscribed = [Subscribed(page, url=f"/events/orders?from=earliest&{end}") for end in ("limit=2", "follow=false")]
    for each, expected in zip(subscribed, (ids[:2], ids), strict=True):
        each.reaches("closed")
        assert each.ids() == expected
    assert [each.calls("state")[-1]["reason"] for each in subscribed] == ["limit", "end"]
