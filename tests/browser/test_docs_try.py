"""The page that follows the stream shows what the server sends."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
from playwright.sync_api import Page, expect

from tests.browser.bench import Bench
from tests.browser.following import patient
from tests.support.ports import own_port
from tests.support.server_process import QUICK, ServerProcess
from tests.transports.http.orders import EVENTS, PAGE, cancelled, new_order, publish, shipped


def test_frames_appear_when_they_arrive(bench: Bench, http: httpx.Client) -> None:
    bench.press("Start")
    expect(bench.state).to_have_text("Live")
    expect(bench.frames).to_have_count(1)
    expect(bench.frames.locator(".type")).to_have_text("stream.checkpoint")
    for count in (1, 2, 3):
        *_, last = publish(http, shipped())
        expect(bench.order_events).to_have_count(count)
        expect(bench.page.locator("#last")).to_have_text(last)
    expect(bench.page.locator("#count")).to_have_text("4")
    assert bench.watched.errors == []


def test_frame_opens_to_the_text_on_the_wire(bench: Bench, http: httpx.Client) -> None:
    bench.press("Start")
    expect(bench.frames).to_have_count(1)
    (event_id,) = publish(http, cancelled(reason="<b>Paid</b> twice"))
    expect(bench.order_events).to_have_count(1)
    bench.order_events.locator("summary").click()
    expect(bench.order_events.locator(".wire")).to_be_visible()
    data = http.get(EVENTS, params={"from": "earliest"}, headers=PAGE).json()["events"][-1]["data"]
    text = json.dumps(data, separators=(",", ":"))
    assert bench.wire_text(1) == f"id: {event_id}\nevent: order.cancelled\ndata: {text}\n"


def test_fields_filter_and_the_same_command_is_shown(bench: Bench, http: httpx.Client, server: ServerProcess) -> None:
    order = new_order()
    publish(http, shipped(order), cancelled(order), cancelled(order), shipped(), cancelled(order))
    bench.page.get_by_label("order.cancelled").check()
    bench.field("orderId", order)
    bench.page.get_by_label("from", exact=True).select_option("earliest")
    bench.field("limit", "2")
    expect(bench.page.locator("#command")).to_contain_text(
        f"curl -N '{server.url}/events/orders?eventTypes=order.cancelled&orderId={order}&from=earliest&limit=2'"
    )
    bench.press("Start")
    expect(bench.state).to_have_text("Ended (limit): you have everything that you asked for")
    expect(bench.order_events.locator(".type")).to_have_text(["order.cancelled", "order.cancelled"])
    expect(bench.frames.last.locator(".type")).to_have_text("stream.closing")
    assert bench.watched.errors == []


def test_stopped_stream_resumes_after_the_last_id(bench: Bench, http: httpx.Client) -> None:
    bench.press("Start")
    expect(bench.frames).to_have_count(1)
    (before,) = publish(http, shipped())
    expect(bench.order_events).to_have_count(1)
    bench.press("Stop")
    expect(bench.state).to_have_text("Stopped")
    missed = publish(http, shipped(), cancelled())
    bench.press("Resume after the last id")
    expect(bench.order_events).to_have_count(3)
    assert bench.shown_ids() == [before, *missed]


def test_gap_is_shown(bench: Bench, http: httpx.Client) -> None:
    publish(http, shipped())
    bench.field("lastEventId", "nope")
    bench.press("Start")
    gap = bench.frames.first
    expect(gap).to_have_class("gap")
    expect(gap).to_contain_text('"reason":"foreign","requested":"nope"')
    expect(bench.page.locator("#gaps")).to_have_text("1")


def test_empty_log_read_to_its_end_is_explained(page: Page) -> None:
    with ServerProcess("--store", "memory:", *QUICK) as server:
        bench = Bench(page, server.url)
        bench.page.get_by_label("follow", exact=True).select_option("false")
        bench.press("Start")
        expect(bench.state).to_have_text("Ended: no event is stored after the start position")
        expect(page.get_by_role("button", name="Start", exact=True)).to_be_enabled()


def test_refusal_is_explained(bench: Bench) -> None:
    bench.field("since", "yesterday")
    bench.press("Start")
    expect(bench.state).to_contain_text("Refused (400): since must be a date and time")


def test_restart_of_the_server_is_shown_and_the_stream_goes_on(page: Page, tmp_path: Path) -> None:
    arguments = ("--store", f"sqlite:{tmp_path / 'log.db'}", *QUICK)
    with ServerProcess(*arguments, port=own_port()) as server, patient(server) as http:
        bench = Bench(page, server.url)
        bench.press("Start")
        expect(bench.frames).to_have_count(1)
        publish(http, shipped())
        expect(bench.order_events).to_have_count(1)
        port = server.port
        server.terminate()
    # The first one: the page may reconnect, and get another one, before the server has stopped.
    expect(bench.page.locator("#frames > .closing").first).to_contain_text('{"reason":"drain"}')
    expect(bench.state).to_have_text("Connection lost; reconnecting with the last id")
    with ServerProcess(*arguments, port=port) as server, patient(server) as http:
        (missed,) = publish(http, shipped())
        expect(bench.order_events).to_have_count(2)
        expect(bench.state).to_have_text("Live")
        assert bench.shown_ids()[-1] == missed
        page.goto("about:blank")


def test_page_of_a_busy_stream_keeps_only_the_newest_frames(bench: Bench, http: httpx.Client) -> None:
    bench.press("Start")
    expect(bench.frames).to_have_count(1)
    *_, last = publish(http, *(shipped() for _ in range(900)))
    expect(bench.page.locator("#last")).to_have_text(last)
    expect(bench.page.locator("#count")).to_have_text("901")
    expect(bench.frames).to_have_count(300)
    expect(bench.order_events.last.locator(".id")).to_have_text(last)


def test_published_event_arrives(bench: Bench) -> None:
    bench.press("Start")
    expect(bench.frames).to_have_count(1)
    bench.page.get_by_label("Example").select_option("order.cancelled")
    bench.press("Publish")
    expect(bench.page.locator("#published strong")).to_have_text("201")
    expect(bench.order_events.locator(".type")).to_have_text("order.cancelled")
    expect(bench.page.locator("#published")).to_contain_text(bench.shown_ids()[0])


def test_refused_event_is_explained(bench: Bench) -> None:
    bench.page.get_by_label("Event", exact=True).fill('{"eventType": "order.shipped", "data": {}}')
    bench.press("Publish")
    expect(bench.page.locator("#published strong")).to_have_text("422")
    expect(bench.page.locator("#published")).to_contain_text("must have the property 'orderId'")
