"""The dashboard while its server is killed, restarts, returns with another log, or hangs: it counts all events, or shows the gap."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.dashboard import Dashboard, some
from tests.browser.following import patient
from tests.browser.hanging import HangingProxy
from tests.support.contract_copy import ContractCopy
from tests.support.order_returned import add_order_returned
from tests.support.ports import own_port
from tests.support.server_process import QUICK, ServerProcess
from tests.transports.http.orders import eventually, publish


@contextmanager
def serving(folder: Path, *arguments: str, port: int = 0) -> Iterator[ServerProcess]:
    """Run a server on the log in a folder; another one can be started on its port after it."""
    folder.mkdir(exist_ok=True)
    store = ("--store", f"sqlite:{folder / 'log.db'}")
    with ServerProcess(*store, *QUICK, *arguments, port=port or own_port()) as server:
        yield server


@contextmanager
def elsewhere(folder: Path) -> Iterator[ServerProcess]:
    """Run a server on the same log at another port, which the dashboard does not know."""
    with serving(folder) as server:
        yield server


@pytest.mark.parametrize(("end", "before"), [(signal.SIGKILL, 0), (signal.SIGTERM, 3)])
def test_counts_survive_a_restart(tmp_path: Path, page: Page, end: signal.Signals, before: int) -> None:
    log = tmp_path / "log"
    with serving(log) as server, patient(server) as http:
        publish(http, *some(5, 5))
        dashboard = Dashboard(page, server.url).live()
        if before:
            publish(http, *some(before, 1))
            dashboard.shows(shipped=before, cancelled=1)
        server.signal(end)
        server.wait()
    expect(dashboard.state).not_to_have_text("Live")
    with elsewhere(log) as other, patient(other) as http:
        publish(http, *some(2, 4))
    with serving(log, port=server.port) as server, patient(server) as http:
        dashboard.live()
        publish(http, *some(1, 1))
        dashboard.shows(shipped=before + 3, cancelled=(1 if before else 0) + 5)
        expect(dashboard.fact("reconnects")).to_have_text("1")
        expect(dashboard.fact("lag")).to_contain_text("none, checked")
        expect(dashboard.gaps).to_have_count(0)
        expect(dashboard.journal).to_contain_text("Connected again")
        drain = dashboard.journal.get_by_text("The server ends the stream: drain")
        if end is signal.SIGTERM:
            expect(drain).not_to_have_count(0)  # twice, if the page reconnects before the server has ended
        else:
            expect(drain).to_have_count(0)
        page.goto("about:blank")


@pytest.mark.parametrize("query", ["", "?from=earliest"])
def test_restarts_in_a_row_are_counted_and_lose_nothing(tmp_path: Path, page: Page, query: str) -> None:
    port, total = 0, 0
    for restart in range(4):
        with serving(tmp_path / "log", port=port) as server, patient(server) as http:
            if restart == 0:
                port = server.port
                dashboard = Dashboard(page, server.url, query)
            dashboard.live()
            expect(dashboard.fact("reconnects")).to_have_text(str(restart))
            publish(http, *some(restart + 1, 1))
            total += restart + 1
            dashboard.shows(shipped=total, cancelled=restart + 1)
            if restart == 3:
                page.goto("about:blank")
            server.signal(signal.SIGKILL)
            server.wait()


@pytest.mark.parametrize(
    ("copied", "reason", "query"),
    [
        ("before this start", "foreign", ""),
        ("before the page", "ahead", "?from=earliest"),
        ("while it counts", "ahead", ""),
        ("while it counts", "ahead", "?from=earliest"),
    ],
)
def test_older_log_is_a_gap_and_its_known_events_are_not_counted_again(
    tmp_path: Path, page: Page, query: str, copied: str, reason: str
) -> None:
    log, kept = tmp_path / "log", tmp_path / "kept"

    def keep(now: str) -> None:
        if now == copied:
            shutil.copytree(log, kept)  # nothing is being written, so the copy is whole

    with serving(log) as server, patient(server) as http:
        publish(http, *some(10, 10))
    keep("before this start")
    with serving(log) as server, patient(server) as http:
        keep("before the page")
        counted = 10 if query else 0
        dashboard = Dashboard(page, server.url, query).live()
        dashboard.shows(shipped=counted, cancelled=counted)
        publish(http, *some(3, 2))
        dashboard.shows(shipped=counted + 3, cancelled=counted + 2)
        keep("while it counts")
        publish(http, *some(1, 1))
        dashboard.shows(shipped=counted + 4, cancelled=counted + 3)
        server.kill()
    shutil.rmtree(log)
    kept.rename(log)
    with elsewhere(log) as other, patient(other) as http:
        publish(http, *some(1, 0))
    with serving(log, port=server.port) as server, patient(server) as http:
        publish(http, *some(1, 2))
        dashboard.live().shows(shipped=counted + 6, cancelled=counted + 5)
        expect(dashboard.gaps).to_have_count(1)
        expect(dashboard.gaps).to_have_attribute("data-reason", reason)
        expect(dashboard.fact("gap-count")).to_have_text("1")
        publish(http, *some(1, 0))
        dashboard.shows(shipped=counted + 7, cancelled=counted + 5)
        expect(dashboard.fact("lag")).to_contain_text("none, checked")
        page.goto("about:blank")


def test_gap_stays_over_a_reload_until_it_is_acknowledged(tmp_path: Path, page: Page) -> None:
    with serving(tmp_path / "log") as server, patient(server) as http:
        dashboard = Dashboard(page, server.url).live()
        publish(http, *some(1, 0))
        dashboard.shows(shipped=1)
    with serving(tmp_path / "another log", port=server.port) as server:
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("events may be missing after")
        expect(alert).to_contain_text("The log is another one now")
        expect(page).to_have_title("⚠ Gap · 1 shipped, 0 cancelled · Dashboard · Orders Events")
        page.reload()
        dashboard.live()
        expect(alert).to_contain_text("The log is another one now")
        alert.get_by_role("button", name="Acknowledge").focus()
        page.keyboard.press("Enter")
        expect(alert).to_have_count(0)
        expect(page.locator("#content")).to_be_focused()
        page.reload()
        dashboard.live()
        expect(alert).to_have_count(0)
        page.goto("about:blank")


def test_events_that_were_deleted_during_a_pause_are_a_gap(tmp_path: Path, page: Page) -> None:
    with serving(tmp_path / "log", "--retain-events", "10") as server, patient(server) as http:
        dashboard = Dashboard(page, server.url).live()
        publish(http, *some(2, 0))
        dashboard.shows(shipped=2)
        dashboard.press("Pause")
        expect(dashboard.state).to_contain_text("Paused")
        for _ in range(5):
            publish(http, *some(10, 0))
        dashboard.press("Resume")
        expect(dashboard.gaps).to_have_attribute("data-reason", "expired")
        expect(dashboard.gaps).to_contain_text("events are missing after")
        expect(dashboard.gaps).to_contain_text("The log deleted them")
        publish(http, *some(0, 1))
        dashboard.shows(cancelled=1)
        page.goto("about:blank")


def test_server_that_is_replaced_by_one_with_a_new_type_gets_its_tile(tmp_path: Path, page: Page) -> None:
    copy = ContractCopy(tmp_path / "contract")
    add_order_returned(copy)
    with serving(tmp_path / "log") as server:
        dashboard = Dashboard(page, server.url).live()
        dashboard.shows(shipped=0)
    with (
        serving(tmp_path / "log", "--contract", str(copy.root), port=server.port) as server,
        patient(server) as http,
    ):
        publish(http, {"eventType": "order.returned", "data": {**some(1, 0)[0]["data"], "items": 2}})
        dashboard.shows(returned=1)
        page.goto("about:blank")


def test_connection_that_hangs_is_noticed_and_replaced(tmp_path: Path, page: Page) -> None:
    with serving(tmp_path / "log") as server, patient(server) as http, HangingProxy(server.port) as proxy:
        dashboard = Dashboard(page, proxy.url).live()
        publish(http, *some(1, 0))
        dashboard.shows(shipped=1)
        assert eventually(
            lambda: proxy.connections == 1
        )  # the connections that loaded the page are closed after a while
        proxy.hang()  # open connections pass nothing more, without any sign; new ones work
        publish(http, *some(0, 2))
        dashboard.shows(shipped=1, cancelled=2)
        expect(dashboard.journal).to_contain_text("the connection delivers nothing")
        page.goto("about:blank")


def test_page_that_lost_the_server_before_it_was_connected_misses_nothing(tmp_path: Path, page: Page) -> None:
    log = tmp_path / "log"
    with serving(log) as server, patient(server) as http:
        publish(http, *some(7, 7))

        def answer_and_die(route: Route) -> None:
            response = route.fetch()
            server.kill()
            route.fulfill(response=response)

        page.route("**/event-types", answer_and_die, times=1)  # the last request of the page before the stream
        dashboard = Dashboard(page, server.url)
        expect(dashboard.state).to_contain_text("Not connected")
    with elsewhere(log) as other, patient(other) as http:
        publish(http, *some(2, 1))
    with serving(log, port=server.port):
        dashboard.live().shows(shipped=2, cancelled=1)
        page.goto("about:blank")
