"""What is promised in each browser: the dashboard, the browser client and the docs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from signal import SIGKILL, SIGTERM

import httpx
import pytest

from tests.browser.bad_network import bad_network
from tests.browser.engines.tab import Engine, Tab
from tests.browser.following import patient
from tests.browser.reading_through_cuts import MODES, read_through_cuts
from tests.browser.subscribing import Subscribed
from tests.support.checker import Ledger, judge
from tests.support.ports import own_port
from tests.support.publishers import counted, publish_now
from tests.support.server_process import QUICK, ServerProcess
from tests.transports.http.orders import cancelled, eventually, metric, publish, shipped, streams_open

CUTS = 10
PUBLISHER, MANY = 2001, 20_000  # a publisher that no other test has, and its events of 600 bytes each
PAGES = ("/", "/docs", "/docs/events", "/docs/try")
WIDTHS = (1280, 460)  # MiniBrowser has a toolbar that is not narrower

# The charts that reach out of the element around them, and by how much at the top and the bottom.
OUTSIDE = """[...document.querySelectorAll('main figure :is(svg, canvas)')].map((chart) => {
    const [inner, outer] = [chart, chart.parentElement].map((each) => each.getBoundingClientRect());
    return [outer.top - inner.top, inner.bottom - outer.bottom];
}).filter((beyond) => Math.max(...beyond) > 1)"""


class Scenarios:
    """The tests of a browser; its module has the fixture `engine`."""

    @pytest.fixture
    def tabs(self, engine: Engine, server: ServerProcess) -> Iterator[list[Tab]]:
        """Three pages of the server's origin, from which scripts can subscribe."""
        tabs = [engine.open(f"{server.url}/docs") for _ in range(3)]
        yield tabs
        for tab in tabs:
            tab.close()

    @pytest.fixture
    def tab(self, engine: Engine) -> Iterator[Tab]:
        tab = engine.open("about:blank")
        yield tab
        tab.close()

    @pytest.fixture
    def http(self, server: ServerProcess) -> Iterator[httpx.Client]:
        """A client of the server, once no stream is open."""
        with patient(server) as client:
            assert eventually(lambda: streams_open(client) == 0)
            yield client

    def test_dashboard_counts_through_a_kill_and_a_drain(self, tab: Tab, tmp_path: Path) -> None:
        store, port = ("--store", f"sqlite:{tmp_path / 'log.db'}", *QUICK), own_port()
        for restart, end in enumerate((SIGKILL, SIGTERM, SIGKILL)):
            with ServerProcess(*store, port=port) as server, patient(server) as http:
                if restart == 0:
                    tab.goto(server.url)
                tab.waits_for("document.getElementById('state').textContent === 'Live'")
                tab.waits_for(f"document.getElementById('reconnects').textContent === '{restart}'")
                publish(http, shipped(), shipped(), cancelled())
                for kind, count in (("shipped", 2 * restart + 2), ("cancelled", restart + 1)):
                    shown = f"document.querySelector('[data-count=\"order.{kind}\"]').textContent"
                    tab.waits_for(f"{shown} === '{count}'")
                assert tab.evaluate("document.querySelectorAll('#gaps .gap').length") == 0
                if restart == 2:
                    tab.goto("about:blank")
                server.signal(end)
                server.wait()

    def test_tabs_share_one_connection(self, tabs: list[Tab], http: httpx.Client) -> None:
        subscribed = [Subscribed(tab) for tab in tabs]
        for each in subscribed:
            each.reaches("open")
        *_, last = ids = publish(http, *(shipped() for _ in range(100)), cancelled())
        for each in subscribed:
            each.through(last)
            assert each.ids() == ids
        assert streams_open(http) == 1
        subscribed[0].do("pause()")
        tabs[1].goto("about:blank")
        more = publish(http, shipped(), shipped())
        subscribed[2].through(more[-1])
        subscribed[0].do("resume()")
        for each in (subscribed[0], subscribed[2]):
            each.through(more[-1])
            assert each.ids() == [*ids, *more]

    @pytest.mark.parametrize("mode", MODES)
    def test_cuts_lose_nothing_and_repeat_nothing(self, tab: Tab, server: ServerProcess, mode: str) -> None:
        with bad_network(server) as network:
            tab.goto(f"{network.url}/docs")
            read_through_cuts(server, network, tab, MODES[mode], cuts=CUTS)
            tab.goto("about:blank")

    def test_handler_that_does_not_settle_takes_a_bounded_part_of_the_log(
        self, tab: Tab, server: ServerProcess, http: httpx.Client
    ) -> None:
        tab.goto(f"{server.url}/docs")
        before = metric(http, "orders_events_events_delivered_total")
        subscribed = Subscribed(tab, transport="fetch", shared=False)
        subscribed.reaches("open")
        subscribed.hold()
        ledger = Ledger()
        *_, last = publish_now(server.events_url, counted(PUBLISHER, MANY), ledger, characters=500)
        assert eventually(lambda: streams_open(http) == 0)
        assert metric(http, "orders_events_events_delivered_total") - before < MANY
        assert subscribed.count() == 0
        subscribed.release()
        subscribed.passes(last)
        assert judge(ledger, [subscribed.log("slow")]) == []

    def test_pause_loses_nothing(self, tab: Tab, server: ServerProcess, http: httpx.Client) -> None:
        tab.goto(f"{server.url}/docs")
        subscribed = Subscribed(tab)
        subscribed.reaches("open")
        (first,) = publish(http, shipped())
        subscribed.through(first)
        subscribed.do("pause()")
        subscribed.reaches("paused")
        missed = publish(http, shipped(), cancelled())
        subscribed.do("resume()")
        subscribed.through(missed[-1])
        assert subscribed.ids() == [first, *missed]
        assert subscribed.states()[:3] == ["connecting", "open", "paused"]

    @pytest.mark.parametrize("path", PAGES)
    def test_page_fits_its_window(self, tab: Tab, server: ServerProcess, path: str) -> None:
        tab.goto(f"{server.url}{path}")
        for width in WIDTHS:
            tab.resize(width, 800)
            assert tab.evaluate("innerWidth") == width
            assert tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
        assert tab.evaluate("document.querySelector('h1').textContent") != ""

    def test_charts_stay_within_their_places(self, tab: Tab, server: ServerProcess) -> None:
        tab.goto(server.url)
        tab.waits_for("document.querySelector('main figure :is(svg, canvas)') !== null")
        for width in WIDTHS:
            tab.resize(width, 800)
            assert tab.evaluate(OUTSIDE) == []
