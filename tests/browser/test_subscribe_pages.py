"""The browser client when its page is loaded again or hidden, its handlers fail, or the server refuses or gains an event type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page

from tests.browser.client_server import Answer, Asked, client_server
from tests.browser.following import patient
from tests.browser.subscribing import Subscribed
from tests.support.contract_copy import ContractCopy
from tests.support.order_returned import DATA, add_order_returned
from tests.support.ports import own_port
from tests.support.server_process import QUICK, ServerProcess
from tests.transports.http.orders import cancelled, eventually, publish, shipped, streams_open

KEY = {"storageKey": "place"}

each_way = pytest.mark.parametrize("shared", [False, True], ids=["alone", "shared"])


# The stored last id


@each_way
def test_page_that_is_loaded_again_continues_after_its_last_event(
    server: ServerProcess, opened: Page, http: httpx.Client, shared: bool
) -> None:
    subscribed = Subscribed(opened, shared=shared, **KEY)
    subscribed.reaches("open")
    (first,) = publish(http, shipped())
    subscribed.through(first)
    opened.goto("about:blank")
    missed = publish(http, shipped(), cancelled())
    opened.goto(f"{server.url}/docs")
    again = Subscribed(opened, shared=shared, after="an id that is older", **KEY)
    again.through(missed[-1])
    assert again.ids() == missed
    assert again.calls("gap") == []
    opened.reload()
    *_, last = more = publish(http, shipped(), cancelled())
    third = Subscribed(opened, shared=shared, **KEY)
    third.through(last)
    assert third.ids() == more


def test_last_id_is_stored_before_any_event_has_come(server: ServerProcess, opened: Page, http: httpx.Client) -> None:
    Subscribed(opened, shared=False, **KEY).reaches("open")
    opened.goto("about:blank")
    (missed,) = publish(http, shipped())
    opened.goto(f"{server.url}/docs")
    again = Subscribed(opened, shared=False, **KEY)
    again.through(missed)


@each_way
@pytest.mark.parametrize(
    ("kept", "requested"),
    [("nope", "nope"), ("<p>é\n", "unknown"), ("x" * 100_000, "unknown")],
    ids=["of another log", "no id", "too long"],
)
def test_stored_id_that_the_log_does_not_know_brings_a_gap(
    opened: Page, http: httpx.Client, shared: bool, kept: str, requested: str
) -> None:
    (last,) = publish(http, shipped())
    opened.evaluate("(kept) => localStorage.setItem('place', kept)", kept)
    subscribed = Subscribed(opened, shared=shared, **KEY)
    subscribed.through(last)
    (gap,) = subscribed.calls("gap")
    assert gap == {"reason": "foreign", "requested": requested, "earliest": gap["id"], "id": gap["id"]}
    assert eventually(lambda: bool(opened.evaluate("localStorage.getItem('place')") == last))


def test_last_id_is_stored_in_the_storage_that_the_page_chooses(opened: Page, http: httpx.Client) -> None:
    opened.evaluate(
        """async () => {
          const { subscribe } = await import('/client.js');
          window.subscription = subscribe({ storageKey: 'place', storage: sessionStorage, shared: false });
        }"""
    )
    assert eventually(lambda: opened.evaluate("subscription.state") == "open")
    (last,) = publish(http, shipped())
    assert eventually(lambda: opened.evaluate("sessionStorage.getItem('place')") == last)
    assert opened.evaluate("localStorage.getItem('place')") is None


def test_browser_without_storage_is_one_error_and_events_still_come(opened: Page, http: httpx.Client) -> None:
    opened.evaluate("void (Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') })")
    subscribed = Subscribed(opened, shared=False, **KEY)
    subscribed.reaches("open")
    *_, last = publish(http, shipped(), shipped())
    subscribed.through(last)
    assert [error["message"] for error in subscribed.calls("error")] == ["full"]


# Pausing


@each_way
def test_hidden_page_pauses_if_asked_and_misses_nothing(opened: Page, http: httpx.Client, shared: bool) -> None:
    # Headless Chromium reports every page as visible, so the test overrides the property.
    def show(state: str) -> None:
        opened.evaluate(
            f"Object.defineProperty(document, 'visibilityState', {{ value: '{state}', configurable: true }})"
        )
        opened.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    subscribed = Subscribed(opened, pauseWhenHidden=True, shared=shared)
    subscribed.reaches("open")
    show("hidden")
    subscribed.reaches("paused")
    assert subscribed.calls("state")[-1]["reason"] == "hidden"
    assert eventually(lambda: streams_open(http) == 0)
    missed = publish(http, shipped(), cancelled())
    subscribed.do("pause()")
    show("visible")
    assert subscribed.do("state") == "paused"  # the page is visible, and its user has paused it
    subscribed.do("resume()")
    subscribed.through(missed[-1])
    assert subscribed.ids() == missed


@each_way
def test_pause_before_the_first_id_misses_nothing(opened: Page, http: httpx.Client, shared: bool) -> None:
    subscribed = Subscribed(opened, shared=shared)
    subscribed.do("pause()")
    assert subscribed.do("state") == "paused"
    assert eventually(lambda: subscribed.do("lastEventId") is not None)
    assert eventually(lambda: streams_open(http) == 0)
    missed = publish(http, shipped(), cancelled())
    assert subscribed.ids() == []
    subscribed.do("resume()")
    subscribed.through(missed[-1])
    assert subscribed.ids() == missed


@each_way
def test_handlers_of_a_closed_subscription_are_not_called(opened: Page, http: httpx.Client, shared: bool) -> None:
    subscribed = Subscribed(opened, shared=shared)
    subscribed.reaches("open")
    subscribed.do("close()")
    assert subscribed.calls("state")[-1] == {"state": "closed", "attempt": 0, "reason": "requested", "shared": False}
    assert eventually(lambda: streams_open(http) == 0)
    publish(http, shipped())
    subscribed.do("resume()")
    subscribed.do("pause()")
    assert subscribed.do("state") == "closed"
    assert subscribed.ids() == []


# Handlers


@pytest.mark.parametrize("transport", ["eventsource", "fetch", "websocket"])
def test_handler_that_throws_is_an_error_and_the_next_event_comes(
    opened: Page, http: httpx.Client, transport: str
) -> None:
    opened.evaluate(
        """async (transport) => {
          const { subscribe } = await import('/client.js');
          window.seen = [];
          window.failed = [];
          window.subscription = subscribe({ transport, shared: false }, {
            onEvent: ({ id }) => { seen.push(id); throw new Error(id); },
            onState: ({ state }) => { if (state === 'open') throw new Error('open'); },
            onError: (error) => failed.push(error.message),
          });
        }""",
        transport,
    )
    assert eventually(lambda: opened.evaluate("subscription.state") == "open")
    ids = publish(http, shipped(), shipped())
    assert eventually(lambda: opened.evaluate("seen") == ids)
    assert opened.evaluate("failed") == ["open", *ids]
    assert opened.evaluate("subscription.lastEventId") == ids[-1]


def test_unknown_control_events_call_no_handler_and_move_the_last_id(page: Page) -> None:
    body = b'id: 1\nevent: stream.weather\ndata: {}\n\nid: 2\nevent: stream.closing\ndata: {"reason":"end"}\n\n'
    with client_server(lambda _asked: Answer(pieces=(body,))) as url:
        page.goto(url)
        subscribed = Subscribed(page, url=f"{url}/stream/x", transport="fetch", shared=False)
        subscribed.reaches("closed")
        assert subscribed.calls("event") == []
        assert subscribed.calls("error") == []
        assert subscribed.do("lastEventId") == "2"


def test_closing_with_an_unknown_reason_does_not_end_the_subscription(page: Page) -> None:
    answers = iter((b'retry: 1\nevent: stream.closing\ndata: {"reason":"overloaded"}\n\n',))
    end = b'event: stream.closing\ndata: {"reason":"end"}\n\n'
    with client_server(lambda _asked: Answer(pieces=(next(answers, end),))) as url:
        page.goto(url)
        subscribed = Subscribed(page, url=f"{url}/stream/x", transport="fetch", shared=False)
        subscribed.reaches("closed")
        assert subscribed.calls("closing") == [{"reason": "overloaded"}, {"reason": "end"}]
        assert [state.get("reason") for state in subscribed.calls("state")] == [None, "overloaded", "end"]


# Refusals


@pytest.mark.parametrize("transport", ["eventsource", "fetch"])
@each_way
def test_refusal_is_explained_by_the_problem_of_the_server(opened: Page, transport: str, shared: bool) -> None:
    subscribed = Subscribed(opened, orderId="no such id", transport=transport, shared=shared)
    assert eventually(lambda: bool(subscribed.calls("error")))
    error = subscribed.calls("error")[0]
    assert (error["status"], error["problem"]["type"]) == (400, "/problems/invalid-parameter")
    (refused,) = error["problem"]["errors"]
    assert error["message"] == f"400: {error['problem']['detail']} orderId {refused['message']}."
    subscribed.reaches("reconnecting")
    subscribed.do("close()")


def test_attempts_back_off_with_jitter_until_a_good_event(page: Page) -> None:
    requests: list[Asked] = []

    def answer(asked: Asked) -> Answer:
        requests.append(asked)
        match len(requests):
            case 1:
                return Answer(pieces=(b"retry: 20\n\n",))
            case 8:
                return Answer(pieces=(b"id: 1\ndata: 1\n\n",))
            case 11:
                return Answer(pieces=(b'event: stream.closing\ndata: {"reason":"end"}\n\n',))
        return Answer(503, (b"{}",), {"Content-Type": "application/problem+json"})

    with client_server(answer) as url:
        page.goto(url)
        subscribed = Subscribed(page, url=f"{url}/stream/x", transport="fetch", shared=False)
        subscribed.reaches("closed")
    waits = [(state["attempt"], state["retryInMs"]) for state in subscribed.calls("state") if "retryInMs" in state]
    assert [attempt for attempt, _ in waits] == [1, 2, 3, 4, 5, 6, 7, 1, 2, 3]
    assert [wait for attempt, wait in waits if attempt == 1] == [20, 20]  # as the server asks
    for attempt, wait in waits:
        assert wait <= max(20, 100 * 2 ** (attempt - 1))
    assert len({wait for attempt, wait in waits if attempt > 1}) > 5
    assert (
        max(wait for attempt, wait in waits if attempt > 4) > 100
    )  # the chance that all three are short is 1 in 30,000


def test_impossible_options_are_refused_at_once(opened: Page) -> None:
    def refusal(options: dict[str, Any]) -> str:
        script = """async (options) => {
          const { subscribe } = await import('/client.js');
          try { subscribe(options); } catch (error) { return String(error); }
        }"""
        return str(opened.evaluate(script, options))

    assert refusal({"transport": "pigeon"}) == (
        "TypeError: The transport is pigeon; it must be sse, websocket, auto, eventsource or fetch."
    )
    for transport in ("eventsource", "websocket", "auto"):
        assert refusal({"headers": {"A": "b"}, "transport": transport}) == (
            f"TypeError: The transport {transport} sends no headers; use the transport fetch."
        )
    assert refusal({"url": "http://"}).startswith("TypeError: ")


# A server with a new event type


@each_way
def test_new_event_type_comes_to_a_page_that_was_opened_before_it_existed(
    page: Page, tmp_path: Path, shared: bool
) -> None:
    store = ("--store", f"sqlite:{tmp_path / 'log.db'}", *QUICK)
    with ServerProcess(*store, port=own_port()) as server:
        port = server.port
        page.goto(f"{server.url}/docs")
        subscribed = Subscribed(page, shared=shared)
        subscribed.reaches("open")
    copy = ContractCopy(tmp_path / "contract")
    add_order_returned(copy)
    newer = (*store, "--contract", str(copy.root))
    with ServerProcess(*newer) as server, patient(server) as http:
        publish(http, {"eventType": "order.returned", "data": DATA}, shipped())
    with ServerProcess(*newer, port=port) as server, patient(server) as http:
        (last,) = publish(http, {"eventType": "order.returned", "data": DATA})
        types = [event.type for event in subscribed.through(last)]
        assert types == ["order.returned", "order.shipped", "order.returned"]
        subscribed.do("close()")
