"""The page that follows the stream does so over WebSocket, too, and shows the messages as they are on the wire."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.bench import Bench
from tests.browser.following import patient
from tests.support.ports import own_port
from tests.support.server_process import QUICK, ServerProcess
from tests.transports.http.orders import cancelled, head_id, new_order, publish, read_page, shipped


@pytest.fixture
def by_websocket(bench: Bench) -> Bench:
    bench.choose_websocket()
    return bench


def test_stream_is_followed_by_event_source_unless_websocket_is_chosen(bench: Bench) -> None:
    expect(bench.page.get_by_label("Transport")).to_have_value("sse")
    expect(bench.page.locator("#same")).to_have_text("The same with curl")
    bench.choose_websocket()
    expect(bench.page.locator("#same")).to_have_text("The message that subscribes")


def test_messages_of_a_websocket_open_to_their_text_on_the_wire(by_websocket: Bench, http: httpx.Client) -> None:
    bench = by_websocket
    head, order = head_id(http), new_order()
    bench.page.get_by_label("order.cancelled").check()
    bench.field("orderId", f"{order},or_nobody")
    bench.field("limit", "1")
    bench.press("Start")
    subscribe = {
        "type": "subscribe",
        "subscription": 1,
        "eventTypes": ["order.cancelled"],
        "orderId": [order, "or_nobody"],
        "limit": 1,
    }
    expect(bench.frames).to_have_count(2)
    assert json.loads(bench.page.locator("#command").text_content() or "") == subscribe
    assert json.loads(bench.wire_text(0) or "") == subscribe
    assert json.loads(bench.wire_text(1) or "") == {"type": "checkpoint", "subscription": 1, "lastEventId": head}
    _, event_id = publish(http, shipped(order), cancelled(order, "<b>Paid</b> twice"))
    expect(bench.state).to_have_text("Ended (limit): you have everything that you asked for")
    assert bench.frames.locator(".type").all_text_contents() == ["subscribe", "checkpoint", "events", "closing"]
    message = json.loads(bench.wire_text(2) or "")
    assert message["events"] == read_page(http, orderId=order, from_="earliest")["events"][1:]
    assert bench.shown_ids() == [message["lastEventId"]] == [event_id]
    assert json.loads(bench.wire_text(3) or "") == {"type": "closing", "subscription": 1, "reason": "limit"}
    assert bench.watched.errors == []


def test_stream_that_was_stopped_goes_on_over_the_other_transport(bench: Bench, http: httpx.Client) -> None:
    bench.press("Start")
    expect(bench.frames).to_have_count(1)
    publish(http, shipped())
    expect(bench.order_events).to_have_count(1)
    bench.press("Stop")
    missed = publish(http, shipped(), cancelled())
    bench.choose_websocket()
    bench.press("Resume after the last id")
    expect(bench.order_events).to_have_count(2)  # both events are in one message
    assert [event["id"] for event in json.loads(bench.wire_text(4) or "")["events"]] == missed
    bench.press("Stop")
    (later,) = publish(http, cancelled())
    bench.page.get_by_label("Transport").select_option("sse")
    bench.press("Resume after the last id")
    expect(bench.order_events).to_have_count(3)
    assert bench.shown_ids()[-1] == later


def test_refusal_and_gap_over_websocket_are_explained(by_websocket: Bench) -> None:
    bench = by_websocket
    bench.field("since", "yesterday")
    bench.press("Start")
    expect(bench.state).to_contain_text("Refused (400): ")
    bench.field("since", "")
    bench.field("lastEventId", "nope")
    bench.press("Start")
    expect(bench.page.locator("#frames > .gap")).to_contain_text('"reason":"foreign","requested":"nope"')
    expect(bench.page.locator("#gaps")).to_have_text("1")


def test_websocket_returns_after_a_restart_with_the_last_id(page: Page, tmp_path: Path) -> None:
    arguments = ("--store", f"sqlite:{tmp_path / 'log.db'}", *QUICK)
    with ServerProcess(*arguments, port=own_port()) as server, patient(server) as http:
        bench = Bench(page, server.url)
        bench.choose_websocket()
        bench.press("Start")
        expect(bench.frames.locator(".type")).to_have_text(["subscribe", "checkpoint"])
        publish(http, shipped())
        expect(bench.order_events).to_have_count(1)
        port = server.port
        server.terminate()
    expect(bench.page.locator("#frames > .closing").first).to_contain_text('"reason":"drain"')
    expect(bench.state).to_have_text("Connection lost; reconnecting with the last id")
    with ServerProcess(*arguments, port=port) as server, patient(server) as http:
        (missed,) = publish(http, shipped())
        expect(bench.order_events).to_have_count(2)
        expect(bench.state).to_have_text("Live")
        assert bench.shown_ids()[-1] == missed
        page.goto("about:blank")
