"""Features that the browser client has only by fetch: back-pressure, headers, and noticing a dead connection."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from playwright.sync_api import Page

from tests.browser.client_server import Answer, Asked, client_server
from tests.browser.following import PATIENCE_SECONDS, patient
from tests.browser.subscribing import Subscribed
from tests.support.checker import Ledger, judge
from tests.support.publishers import counted, publish_now
from tests.support.server_process import ServerProcess
from tests.transports.http.orders import eventually, metric

END = b'event: stream.closing\ndata: {"reason":"end"}\n\n'
MANY = 20_000  # of 600 bytes each


def lag(server: ServerProcess) -> float:
    with patient(server) as http:
        return metric(http, "orders_events_stream_lag_events")


def test_consumer_that_does_not_read_slows_the_server_and_loses_nothing(server: ServerProcess, page: Page) -> None:
    page.goto(f"{server.url}/docs")
    subscribed = Subscribed(page, transport="fetch", shared=False)
    subscribed.reaches("open")
    subscribed.hold()
    ledger = Ledger()
    publish_now(server.events_url, counted(0, MANY), ledger, characters=500)
    more = iter(range(1, 1000))

    def is_held_up() -> bool:
        before = lag(server)
        publish_now(server.events_url, counted(next(more), 100), ledger)
        # The buffers of the kernel and the browser are full; nothing beyond them is sent.
        return before > MANY / 5 and lag(server) == before + 100

    assert eventually(is_held_up)
    assert subscribed.count() == 0

    subscribed.release()
    assert eventually(lambda: subscribed.count() == len(ledger.sent), PATIENCE_SECONDS)
    assert judge(ledger, [subscribed.log("slow")]) == []
    assert eventually(lambda: lag(server) == 0)


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
