"""Foreign clients read the same events, also across restarts, and get a gap if events were lost."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page

from tests.browser.following import (
    PageFollowing,
    curl_following,
    httpx_following,
    node_following,
    patient,
    published,
)
from tests.support.ports import own_port
from tests.support.server_process import QUICK, ServerProcess
from tests.support.threaded import serving
from tests.transports.http.orders import cancelled, new_order, publish, shipped


def awkward(order: str) -> list[dict[str, object]]:
    reasons = ("line\nfeed\r\n\nid: forged", "\u2028\u2029\u0085", "\x00", "\U0001f4e6 caf\u00e9")
    return [shipped(order), *(cancelled(order, reason) for reason in reasons)]


def test_chromium_node_curl_and_httpx_read_the_same_stored_and_live_events(
    server: ServerProcess, http: httpx.Client, page: Page, node: str, curl: str
) -> None:
    order = new_order()
    url = f"{server.events_url}?from=earliest&orderId={order}"
    publish(http, *awkward(order))
    page.goto(f"{server.url}/health/live")
    with ExitStack() as running:
        clients = [
            PageFollowing(page, url),
            running.enter_context(node_following(node, url)),
            running.enter_context(curl_following(curl, url)),
            running.enter_context(httpx_following(f"{url}&limit=10")),
        ]
        for client in clients:
            assert client.first().type == "stream.checkpoint"
        *_, last = publish(http, *awkward(order))

        expected = published(http, orderId=order)
        assert len(expected) == 10
        for client in clients:
            assert client.through(last) == expected


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_clients_that_have_read_no_event_yet_miss_nothing_of_a_restart(
    tmp_path: Path, page: Page, node: str, end: signal.Signals
) -> None:
    arguments = ("--store", f"sqlite:{tmp_path / 'log.db'}", *QUICK)
    with ExitStack() as running:
        with ServerProcess(*arguments, port=own_port()) as server, patient(server) as http:
            port = server.port
            publish(http, shipped("before"))
            page.goto(f"{server.url}/health/live")
            clients = [
                PageFollowing(page, server.events_url),
                running.enter_context(node_following(node, server.events_url)),
            ]
            for client in clients:
                assert client.first().type == "stream.checkpoint"
            server.signal(end)
            assert server.wait() == (0 if end is signal.SIGTERM else -signal.SIGKILL)
        # The clients try to reconnect in vain while events are published through another port.
        with ServerProcess(*arguments) as server, patient(server) as http:
            publish(http, shipped("away"), cancelled("away"))
        with ServerProcess(*arguments, port=port) as server, patient(server) as http:
            *_, last = publish(http, shipped("back"))
            _, *missed = published(http)
            for client in clients:
                assert client.through(last) == missed
                has_closing = "stream.closing" in {event.type for event in client.seen()}
                assert has_closing == (end is signal.SIGTERM)
            assert [seen.data["orderId"] for seen in missed] == ["away", "away", "back"]


def test_a_plain_event_source_gets_a_gap(server: ServerProcess, http: httpx.Client, page: Page) -> None:
    (last,) = publish(http, shipped())
    page.goto(f"{server.url}/health/live")
    following = PageFollowing(page, f"{server.events_url}?lastEventId=nope")

    gap = following.first()
    assert gap.type == "stream.gap"
    assert gap.data == {"reason": "foreign", "requested": "nope", "earliest": gap.id}
    assert following.through(last) == published(http)
    assert "message" not in {event.type for event in following.seen()}


def test_an_event_source_with_a_bad_parameter_is_closed(server: ServerProcess, page: Page) -> None:
    page.goto(f"{server.url}/health/live")
    following = PageFollowing(page, f"{server.events_url}?limit=0")
    assert following.closed()
    assert following.seen() == []


def test_an_event_source_that_does_not_follow_reads_the_stored_events_once_and_stops(
    server: ServerProcess, http: httpx.Client, page: Page, node: str
) -> None:
    order = new_order()
    *_, last = publish(http, shipped(order), cancelled(order), shipped(order))
    url = f"{server.events_url}?from=earliest&follow=false&orderId={order}"
    page.goto(f"{server.url}/health/live")
    following = PageFollowing(page, url)
    with node_following(node, url) as elsewhere:
        assert following.closed()
        assert following.through(last) == elsewhere.through(last) == published(http, orderId=order)


def test_an_event_source_reconnects_with_its_last_id_after_every_event(
    server: ServerProcess, http: httpx.Client, page: Page
) -> None:
    order = new_order()
    *_, last = publish(http, *(shipped(order) for _ in range(5)))
    page.goto(f"{server.url}/health/live")
    following = PageFollowing(page, f"{server.events_url}?from=earliest&limit=1&orderId={order}")
    assert following.through(last) == published(http, orderId=order)
    assert following.reconnections() >= 4


@contextmanager
def shop() -> Iterator[str]:
    """Serve an empty page from another origin."""

    class Empty(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with serving(Empty) as url:
        yield url


def test_a_page_of_an_allowed_origin_follows_and_reconnects_and_another_does_not(page: Page) -> None:
    with (
        shop() as allowed,
        shop() as other,
        ServerProcess("--store", "memory:", "--cors-origin", allowed, *QUICK) as server,
        patient(server) as http,
    ):
        *_, last = publish(http, shipped(), shipped(), shipped())
        url = f"{server.events_url}?from=earliest&limit=1"  # each event brings a reconnection with its id
        page.goto(allowed)
        assert PageFollowing(page, url).through(last) == published(http)
        page.goto(other)
        refused = PageFollowing(page, url)
        assert refused.closed()
        assert refused.seen() == []


IMPORTED = """async ([url, options]) => {
    const { subscribe } = await import(new URL('/client.js', url));
    return new Promise((resolve, reject) => {
        const onEvent = ({ id }) => { subscription.close(); resolve(id); };
        const subscription = subscribe({ url, from: 'earliest', ...options }, { onEvent, onError: reject });
    });
}"""


@pytest.mark.parametrize(
    "options", [{}, {"shared": False}, {"transport": "fetch", "headers": {"Authorization": "Bearer a"}}], ids=str
)
def test_a_page_of_an_allowed_origin_imports_the_client_of_the_server(page: Page, options: dict[str, object]) -> None:
    with (
        shop() as allowed,
        ServerProcess("--store", "memory:", "--cors-origin", allowed, *QUICK) as server,
        patient(server) as http,
    ):
        first, *_ = publish(http, shipped(), shipped())
        page.goto(allowed)
        assert page.evaluate(IMPORTED, [server.events_url, options]) == first
