"""A page that signs in: by a link or with a token, across the expiry of its token and a restart of the server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.dashboard import Dashboard
from tests.browser.following import patient
from tests.browser.signed_in import watch_through_expiry
from tests.browser.subscribing import Subscribed
from tests.support.ports import own_port
from tests.support.server_process import QUICK, ServerProcess
from tests.support.servers import sqlite
from tests.support.tokens import token, token_settings
from tests.transports.http.orders import publish, shipped


class Secured:
    """A server with keys, which can be started again at the same address."""

    def __init__(self, folder: Path) -> None:
        self._arguments = ["--store", sqlite(folder), *QUICK, *token_settings(folder)]
        self._port = own_port()
        self.start()

    def start(self) -> None:
        self.server = ServerProcess(*self._arguments, port=self._port)

    def restart(self) -> None:
        assert self.server.terminate() == 0
        self.start()


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[Secured]:
    running = Secured(tmp_path)
    yield running
    running.server.terminate()


@pytest.fixture
def publisher(secured: Secured) -> Iterator[httpx.Client]:
    with patient(secured.server) as http:
        http.headers["Authorization"] = f"Bearer {token()}"
        yield http


def sign_in(page: Page, text: str) -> None:
    page.get_by_label("Access token").fill(text)
    page.locator("#sign-in").get_by_role("button", name="Sign in").click()


def test_event_source_survives_the_expiry_of_its_token_and_a_restart(
    page: Page, secured: Secured, publisher: httpx.Client
) -> None:
    watch_through_expiry(page, secured.server.url, publisher, secured.restart, times=1)


def test_dashboard_asks_for_a_token_and_for_a_new_one_and_misses_nothing(
    page: Page, secured: Secured, publisher: httpx.Client
) -> None:
    dashboard = Dashboard(page, secured.server.url, "?from=earliest")
    outcome = page.locator("#sign-in-outcome")
    expect(outcome).to_have_text("The server asks for an access token.")
    sign_in(page, "wrong")
    expect(outcome).to_have_text("The server does not accept this token.")
    sign_in(page, token(exp=int(time.time()) + 4))
    dashboard.live()
    publish(publisher, shipped())
    dashboard.shows(shipped=1)
    expect(outcome).to_have_text("The access token has expired. Nothing is lost: enter a new one.")
    publish(publisher, shipped())
    sign_in(page, token())
    dashboard.live().shows(shipped=2)
    secured.restart()
    publish(publisher, shipped())
    dashboard.live().shows(shipped=3)
    assert dashboard.gaps.count() == 0
    page.get_by_role("banner").get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").click()
    expect(outcome).to_have_text("The server asks for an access token.")


def test_link_for_development_signs_in_an_open_page_once_and_leaves_no_code(
    page: Page, context: BrowserContext
) -> None:
    with ServerProcess("--store", "memory:", "--dev-token", *QUICK) as server:
        link = server.printed(r"(http://\S+/#code=\S+)")
        dashboard = Dashboard(page, server.url)
        expect(page.locator("#sign-in-outcome")).to_have_text("The server asks for an access token.")
        page.goto(link)  # the page is open already, so the browser only changes its address
        dashboard.live()
        assert page.evaluate("location.href") == f"{server.url}/"
        page.reload()
        dashboard.live()
        other = context.new_page()
        other.goto(link)
        expect(other.locator("#sign-in-outcome")).to_contain_text("This link was used before")


def test_link_for_development_opens_a_page_that_is_signed_in(page: Page) -> None:
    with ServerProcess("--store", "memory:", "--dev-token", *QUICK) as server:
        link = server.printed(r"(http://\S+/#code=\S+)")
        Dashboard(page, server.url, link.removeprefix(f"{server.url}/")).live()
        assert page.evaluate("location.href") == f"{server.url}/"


def test_socket_of_the_client_goes_on_with_the_next_token(
    page: Page, secured: Secured, publisher: httpx.Client
) -> None:
    page.goto(f"{secured.server.url}/docs")
    tokens = [token(exp=int(time.time()) + 4), token()]
    subscribed = Subscribed(page, transport="websocket", tokens=tokens)
    subscribed.reaches("open")
    (first,) = publish(publisher, shipped())
    subscribed.reaches("reconnecting")
    (second,) = publish(publisher, shipped())
    subscribed.through(second)
    assert subscribed.ids() == [first, second]
    assert subscribed.calls("error") == []


def test_live_view_of_the_docs_asks_for_a_token_to_read_and_to_publish(
    page: Page, secured: Secured, publisher: httpx.Client
) -> None:
    page.goto(f"{secured.server.url}/docs/try")
    start, send = (page.get_by_role("button", name=name) for name in ("Start", "Publish"))
    outcome, frames, published = (page.locator(f"#{name}") for name in ("sign-in-outcome", "frames", "published"))
    start.click()
    expect(outcome).to_have_text("The server asks for an access token.")
    sign_in(page, token())
    expect(frames).to_contain_text("stream.checkpoint")
    publish(publisher, shipped("or_seen"))
    expect(frames).to_contain_text("or_seen")
    send.click()
    expect(published).to_contain_text("201")

    page.reload()  # now the page has the cookie, with which nothing can be published
    send.click()
    expect(outcome).to_have_text("The server asks for an access token.")
    sign_in(page, token())
    expect(published).to_contain_text("201")

    page.context.clear_cookies()
    page.get_by_label("Transport").select_option("websocket")
    start.click()
    expect(page.locator("#state")).to_contain_text("Refused (401)")
    expect(outcome).to_be_visible()
    sign_in(page, token())
    expect(frames).to_contain_text('"type":"checkpoint"')
