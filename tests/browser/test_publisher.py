"""The browser client publishes: every event once and in order, whatever the server, the network and the page do meanwhile."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.following import patient, published
from tests.browser.publishing import BadAnswers, Publishing, bad_answers
from tests.support.ports import own_port
from tests.support.server_process import QUICK, ServerProcess
from tests.transports.http.orders import cancelled, eventually, new_order, publish, shipped

KEY = {"storageKey": "outbox"}
LATE = Path(__file__).parent / "late.js"
UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@pytest.fixture
def proxy(server: ServerProcess) -> Iterator[BadAnswers]:
    with bad_answers(server) as proxy:
        yield proxy


@pytest.fixture
def tab(context: BrowserContext, proxy: BadAnswers) -> Page:
    return opened_at(context, proxy)


def opened_at(context: BrowserContext, proxy: BadAnswers) -> Page:
    page = context.new_page()
    page.goto(f"{proxy.url}/docs")
    return page


def stored(server: ServerProcess, *orders: str) -> list[str]:
    """Return the orders of the stored events of these orders, in the order of the log."""
    with patient(server) as http:
        return [event.data["orderId"] for event in published(http, orderId=",".join(orders))]


def orders(count: int) -> list[str]:
    return [new_order() for _ in range(count)]


# Answers


def test_event_and_batch_are_stored_and_their_results_returned(opened: Page, http: httpx.Client) -> None:
    one, other = orders(2)
    publishing = Publishing(opened)
    publishing.publish(shipped(one), [cancelled(other), shipped(one, eventId=f"{one}-again")])
    first, batch = (result["published"] for result in publishing.results())
    assert [first["id"], *(each["id"] for each in batch)] == [
        event.id for event in published(http, orderId=f"{one},{other}")
    ]
    assert UUID7.fullmatch(first["eventId"])
    assert first["eventId"] < batch[0]["eventId"]
    assert (first["eventType"], first["duplicate"], batch[1]["eventId"]) == ("order.shipped", False, f"{one}-again")
    assert publishing.calls("published") == [[first], batch]
    assert publishing.reaches("idle")["pending"] == 0


def test_refused_events_are_explained_and_the_next_ones_are_sent(opened: Page, http: httpx.Client) -> None:
    order = new_order()
    publish(http, shipped(order, eventId=order))
    publishing = Publishing(opened)
    publishing.publish(
        cancelled(order, eventId=order), [shipped(), {"eventType": "order.shipped", "data": {}}], shipped()
    )
    conflict, violation, accepted = publishing.results()
    assert (conflict["error"]["reason"], conflict["error"]["status"]) == ("refused", 409)
    assert conflict["error"]["problem"]["type"] == "/problems/event-id-conflict"
    assert violation["error"]["status"] == 422
    assert {each["index"] for each in violation["error"]["problem"]["violations"]} == {1}
    assert accepted["published"]["duplicate"] is False
    assert [error["status"] for error in publishing.calls("refused")] == [409, 422]
    assert publishing.pending() == 0


def test_attempt_whose_answer_was_lost_is_repeated_and_stored_once(
    proxy: BadAnswers, tab: Page, server: ServerProcess
) -> None:
    order, other = orders(2)
    proxy.plan = [BadAnswers.LOSE, BadAnswers.CUT]
    publishing = Publishing(tab)
    publishing.publish(shipped(order), shipped(other))
    first, second = (result["published"] for result in publishing.results())
    assert (first["duplicate"], second["duplicate"]) == (True, False)
    assert stored(server, order, other) == [order, other]


@pytest.mark.parametrize("status", [401, 408, 425, 429, 500, 503, 511])
def test_server_that_cannot_store_now_is_asked_again(proxy: BadAnswers, tab: Page, status: int) -> None:
    order = new_order()
    proxy.plan = [(status, {})]
    publishing = Publishing(tab)
    publishing.publish(shipped(order))
    (result,) = publishing.results()
    assert result["published"]["duplicate"] is False
    assert proxy.sent() == [order, order]
    assert [state["state"] for state in publishing.calls("state")] == ["sending", "waiting", "sending", "idle"]


def test_retry_after_is_kept_until_the_network_returns(proxy: BadAnswers, tab: Page) -> None:
    proxy.plan = [(503, {"Retry-After": "3000"})]
    publishing = Publishing(tab)
    publishing.publish(shipped())
    waiting = publishing.reaches("waiting")
    assert (waiting["retryInMs"], waiting["attempt"], waiting["pending"]) == (3_000_000, 1, 1)
    assert waiting["error"]["status"] == 503
    tab.evaluate("void dispatchEvent(new Event('online'))")
    (result,) = publishing.results()
    assert result["published"]["id"]


def test_events_published_offline_are_sent_in_order_when_the_network_returns(
    context: BrowserContext, tab: Page, server: ServerProcess
) -> None:
    names = orders(5)
    publishing = Publishing(tab)
    context.set_offline(True)
    publishing.publish(*(shipped(name) for name in names))
    assert publishing.reaches("offline")["pending"] == 5
    context.set_offline(False)
    assert all("published" in result for result in publishing.results())
    assert stored(server, *names) == names


# The queue


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"maxEvents": 2}, "With these events, 3 events would wait; at most 2 may."),
        ({"maxBytes": 500}, "With these events, 5[0-9][0-9] bytes would wait; at most 500 may."),
        ({"maxEvents": 2, **KEY}, "With these events, 3 events would wait; at most 2 may."),
    ],
    ids=str,
)
def test_full_queue_refuses_an_event_and_keeps_the_others(
    proxy: BadAnswers, tab: Page, server: ServerProcess, options: dict[str, object], message: str
) -> None:
    names = orders(3)
    proxy.passing.clear()
    publishing = Publishing(tab, **options)
    publishing.publish(*(cancelled(name, "x" * 30) for name in names))
    assert eventually(lambda: bool(proxy.bodies))
    proxy.passing.set()
    first, second, third = publishing.results()
    assert (first["published"]["duplicate"], second["published"]["duplicate"]) == (False, False)
    assert third["error"]["reason"] == "full"
    assert re.fullmatch(message, third["error"]["message"])
    assert stored(server, *names) == names[:2]


def test_page_that_is_loaded_again_sends_what_was_left_in_order(
    proxy: BadAnswers, tab: Page, server: ServerProcess
) -> None:
    names = orders(4)
    proxy.plan = [(503, {"Retry-After": "3000"})]
    publishing = Publishing(tab, **KEY)
    publishing.publish(*(shipped(name) for name in names[:3]))
    assert publishing.reaches("waiting")["pending"] == 3
    tab.reload()
    again = Publishing(tab, **KEY)
    again.publish(shipped(names[3]))
    assert again.results()[0]["published"]["id"]
    assert [len(batch) for batch in again.calls("published")] == [1, 1, 1, 1]
    assert stored(server, *names) == names
    assert tab.evaluate("localStorage.length") == 0


def test_queue_without_a_key_ends_with_the_page(proxy: BadAnswers, tab: Page) -> None:
    proxy.plan = [(503, {"Retry-After": "3000"})]
    publishing = Publishing(tab)
    publishing.publish(shipped())
    publishing.reaches("waiting")
    assert tab.evaluate("localStorage.length") == 0


def test_damaged_queue_is_refused_by_the_server_and_does_not_stop_it(opened: Page, server: ServerProcess) -> None:
    order = new_order()
    opened.evaluate("localStorage.setItem('outbox 00000000', '[{\"eventType\":')")
    publishing = Publishing(opened, **KEY)
    publishing.publish(shipped(order))
    assert publishing.results()[0]["published"]["id"]
    assert [error["status"] for error in publishing.calls("refused")] == [400]
    assert stored(server, order) == [order]


def test_storage_that_takes_no_more_is_a_full_queue(tab: Page) -> None:
    tab.evaluate("void (Storage.prototype.setItem = () => { throw new DOMException('no room', 'QuotaExceededError') })")
    publishing = Publishing(tab, **KEY)
    publishing.publish(shipped())
    error = publishing.results()[0]["error"]
    assert (error["reason"], error["message"]) == ("full", "The browser cannot store these events: no room")


def test_browser_without_storage_is_one_error_and_events_are_sent(tab: Page) -> None:
    tab.evaluate("void Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('blocked') } })")
    publishing = Publishing(tab, **KEY)
    publishing.publish(shipped(), shipped())
    assert all("published" in result for result in publishing.results())
    assert [error["message"] for error in publishing.calls("error")] == ["blocked"]


def test_closed_publisher_rejects_its_calls_and_leaves_the_queue_to_the_next(
    proxy: BadAnswers, tab: Page, server: ServerProcess
) -> None:
    order = new_order()
    proxy.plan = [(503, {"Retry-After": "3000"})]
    publishing = Publishing(tab, **KEY)
    publishing.publish(shipped(order))
    publishing.reaches("waiting")
    publishing.close()
    publishing.publish(shipped())
    assert [result["error"]["reason"] for result in publishing.results()] == ["closed", "closed"]
    again = Publishing(tab, **KEY)
    assert again.reaches("idle")
    assert stored(server, order) == [order]


# Several tabs


def publish_in_turn(tabs: list[Publishing], names: list[str]) -> None:
    """Publish each event in another tab, once all tabs see those before it in the queue: else its place would be left to chance."""
    for number, name in enumerate(names):
        tabs[number % len(tabs)].publish(shipped(name))
        assert all(each.sees(number + 1) for each in tabs)


def test_tabs_with_one_queue_send_each_event_once_and_each_gets_its_results(
    proxy: BadAnswers, context: BrowserContext, server: ServerProcess
) -> None:
    names = orders(12)
    tabs = [Publishing(opened_at(context, proxy), **KEY) for _ in range(3)]
    proxy.passing.clear()
    publish_in_turn(tabs, names)
    proxy.passing.set()
    for each in tabs:
        assert [result["published"]["duplicate"] for result in each.results()] == [False] * 4
        assert each.reaches("idle")["pending"] == 0
    assert proxy.sent() == stored(server, *names) == names


def test_tab_that_hears_of_an_answer_late_does_not_send_the_events_again(
    proxy: BadAnswers, context: BrowserContext, server: ServerProcess
) -> None:
    one, other = names = orders(2)
    sending = Publishing(opened_at(context, proxy), **KEY)
    proxy.passing.clear()
    sending.publish(shipped(one))
    assert eventually(lambda: proxy.sent() == [one])
    page = context.new_page()
    page.add_init_script(path=LATE)
    page.goto(f"{proxy.url}/docs")
    late = Publishing(page, **KEY)
    late.publish(shipped(other))
    assert sending.sees(2)
    page.evaluate("late.begins()")
    proxy.passing.set()
    assert sending.reaches("idle")["pending"] == 0
    assert eventually(lambda: late.has_the_lock() or len(proxy.sent()) > 2)
    page.evaluate("late.ends()")
    assert [result["published"]["duplicate"] for each in (sending, late) for result in each.results()] == [False] * 2
    assert eventually(lambda: not late.has_the_lock())
    assert late.pending() == 0
    assert proxy.sent() == stored(server, *names) == names


def test_tab_takes_the_queue_of_a_closed_one_over(
    proxy: BadAnswers, context: BrowserContext, server: ServerProcess
) -> None:
    names = orders(3)
    proxy.plan = [(503, {"Retry-After": "3000"})]
    closing = Publishing(opened_at(context, proxy), **KEY)
    closing.publish(*(shipped(name) for name in names))
    closing.reaches("waiting")
    staying = Publishing(opened_at(context, proxy), **KEY)
    assert staying.sees(3)
    closing.page.close()
    assert eventually(lambda: stored(server, *names) == names)
    staying.reaches("idle")
    assert len(staying.calls("published")) == 3


def test_call_whose_answer_another_page_has_kept_gets_one(proxy: BadAnswers, tab: Page, server: ServerProcess) -> None:
    order = new_order()
    proxy.plan = [(503, {"Retry-After": "3000"})]
    publishing = Publishing(tab, **KEY)
    publishing.publish(shipped(order))
    publishing.reaches("waiting")
    with patient(server) as http:
        publish(http, *proxy.bodies[0])
    tab.evaluate("localStorage.clear()")
    tab.evaluate("void dispatchEvent(new Event('online'))")
    assert publishing.results()[0]["published"]["duplicate"] is True
    assert stored(server, order) == [order]


def test_tabs_without_web_locks_store_each_event_once_and_in_order(
    proxy: BadAnswers, context: BrowserContext, server: ServerProcess
) -> None:
    context.add_init_script("Object.defineProperty(Navigator.prototype, 'locks', { value: undefined })")
    names = orders(9)
    tabs = [Publishing(opened_at(context, proxy), **KEY) for _ in range(3)]
    proxy.passing.clear()
    publish_in_turn(tabs, names)
    proxy.passing.set()
    for each in tabs:
        assert all("published" in result for result in each.results())
    assert stored(server, *names) == names


def test_restart_of_the_server_loses_and_repeats_nothing(page: Page, tmp_path: object) -> None:
    store = ("--store", f"sqlite:{tmp_path}/log.db", *QUICK)
    names = orders(30)
    with ServerProcess(*store, port=own_port()) as server:
        port = server.port
        page.goto(f"{server.url}/docs")
        publishing = Publishing(page)
        publishing.publish(*(shipped(name) for name in names))
        assert eventually(lambda: bool(publishing.calls("published")))
        server.kill()
    with ServerProcess(*store, port=port) as server:
        assert all("published" in result for result in publishing.results())
        with patient(server) as http:
            assert [event.data["orderId"] for event in published(http)] == names
