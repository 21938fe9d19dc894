"""Features that the browser client has only by fetch: back-pressure, headers, and noticing a dead connection."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.bad_network import bad_network
from tests.browser.client_server import Answer, Asked, client_server
from tests.browser.following import PATIENCE_SECONDS, patient
from tests.browser.subscribing import Subscribed
from tests.support.checker import Ledger, judge
from tests.support.publishers import counted, publish_now
from tests.support.server_process import ServerProcess
from tests.support.subscribers import head_id
from tests.transports.http.orders import eventually, streams_open

END = b'event: stream.closing\ndata: {"reason":"end"}\n\n'
MANY, SIZE = 20_000, 600  # events, and the bytes of each


# Firefox and WebKit take all that a server sends, whether the page reads it or not; here Chromium does so too. The script counts what was
# taken, and the requests for streams.
EAGER = """
    window.taken = 0;
    window.streams = 0;
    const { fetch } = window;
    window.fetch = async (...request) => {
        const response = await fetch(...request);
        if (!response.headers.get('Content-Type').startsWith('text/event-stream')) return response;
        window.streams += 1;
        const reader = response.body.getReader();
        const body = new ReadableStream({
            async start(controller) {
                for (;;) {
                    const { done, value } = await reader.read().catch((error) => controller.error(error) ?? { done: true });
                    if (done) return;
                    window.taken += value.length;
                    controller.enqueue(value);
                }
            },
        });
        return new Response(body, response);
    };
"""


def test_handler_that_does_not_settle_ends_the_connection_and_loses_nothing(server: ServerProcess, page: Page) -> None:
    page.add_init_script(EAGER)
    page.goto(f"{server.url}/docs")
    subscribed = Subscribed(page, transport="fetch", shared=False)
    subscribed.reaches("open")
    subscribed.hold()
    ledger = Ledger()
    publish_now(server.events_url, counted(0, MANY), ledger, characters=500)
    with patient(server) as http:
        assert eventually(lambda: streams_open(http) == 0)
    publish_now(server.events_url, counted(1, 100), ledger)
    assert subscribed.count() == 0
    assert page.evaluate("window.streams") == 1  # it does not return before the handler is ready
    assert page.evaluate("window.taken") < MANY * SIZE / 2

    subscribed.release()
    assert eventually(lambda: subscribed.count() == len(ledger.sent), PATIENCE_SECONDS)
    assert judge(ledger, [subscribed.log("slow")]) == []
    assert subscribed.states() == ["connecting", "open"]
    with patient(server) as http:
        assert eventually(lambda: streams_open(http) == 1)


@pytest.mark.parametrize(("publisher", "transport"), [(2, "eventsource"), (3, "fetch"), (4, "websocket")])
def test_limit_counts_across_connections(server: ServerProcess, page: Page, publisher: int, transport: str) -> None:
    head = head_id(server.events_url)
    ids = publish_now(server.events_url, counted(publisher, 600))
    with bad_network(server) as network:
        network.cutting = transport != "websocket"
        page.goto(f"{network.url}/docs")
        subscribed = Subscribed(page, url="/events/orders?limit=500", after=head, transport=transport)
        if transport == "websocket":
            pauses(subscribed)
        subscribed.reaches("closed")
        assert subscribed.ids() == ids[:500]
        assert subscribed.calls("state")[-1]["reason"] == "limit"
        assert (network.cuts > 0) is network.cutting, network.streams


def pauses(subscribed: Subscribed) -> None:
    """Pause and resume while the handler has an event."""
    subscribed.hold()
    subscribed.reaches("open")
    subscribed.do("pause()")
    subscribed.do("resume()")
    subscribed.release()


def test_events_during_a_pause_that_begins_in_a_handler_come_once(server: ServerProcess, page: Page) -> None:
    page.goto(f"{server.url}/docs")
    subscribed = Subscribed(page, transport="fetch", shared=False)
    subscribed.reaches("open")
    subscribed.hold()
    ledger = Ledger()
    *_, last = publish_now(server.events_url, counted(1001, 50), ledger)
    subscribed.do("pause()")
    subscribed.do("resume()")  # the first event is still being handled, so the next one must wait
    subscribed.release()
    subscribed.through(last)
    assert judge(ledger, [subscribed.log("paused")]) == []


def reasons_of_returning(subscribed: Subscribed) -> set[str]:
    return {state["reason"] for state in subscribed.calls("state") if state["state"] == "reconnecting"}


def test_silent_connection_is_given_up(page: Page) -> None:
    closing = threading.Event()
    returned: list[str] = []

    def silent() -> Iterator[bytes]:
        yield b"retry: 10\nid: 1\ndata: 1\n\n"
        closing.wait()

    def answer(asked: Asked) -> Answer:
        """Be silent after the first event, to each request that has not had it: a busy browser may ask twice."""
        returned.append(asked.last_event_id)
        return Answer(pieces=(END,) if asked.last_event_id == "1" else silent())

    with client_server(answer) as url:
        page.goto(url)
        subscribed = Subscribed(page, url=f"{url}/stream/x", transport="fetch", shared=False, heartbeatSeconds=0.3)
        subscribed.reaches("closed")
        closing.set()
    opening, *_, end = [state.get("reason") for state in subscribed.calls("state")]
    assert (opening, end) == (None, "end")
    assert "silent" in reasons_of_returning(subscribed) <= {"silent", "lost"}
    assert (returned[0], returned[-1]) == ("", "1")


def test_connection_whose_answer_does_not_come_is_given_up(page: Page) -> None:
    closing = threading.Event()
    requests: list[Asked] = []

    def answer(asked: Asked) -> Answer:
        requests.append(asked)
        if len(requests) == 1:
            closing.wait()  # a busy browser may give up the next one as well
        return Answer(pieces=(END,))

    with client_server(answer) as url:
        page.goto(url)
        subscribed = Subscribed(page, url=f"{url}/stream/x", transport="fetch", shared=False, heartbeatSeconds=0.1)
        subscribed.reaches("closed")
        closing.set()
    assert reasons_of_returning(subscribed) == {"silent"}


def test_headers_are_sent_each_time(page: Page) -> None:
    requests: list[Asked] = []

    def answer(asked: Asked) -> Answer:
        requests.append(asked)
        return Answer(pieces=(b"retry: 10\n\n" if len(requests) == 1 else END,))

    with client_server(answer) as url:
        page.goto(url)
        headers = {"Authorization": "Bearer secret"}
        subscribed = Subscribed(page, url=f"{url}/stream/x", transport="fetch", shared=False, headers=headers)
        subscribed.reaches("closed")
    assert [(asked.headers["authorization"], asked.headers["accept"]) for asked in requests] == [
        ("Bearer secret", "text/event-stream")
    ] * 2
