"""The timeline of one order, at an address that can be shared."""

from __future__ import annotations

import json
import re

import httpx
from playwright.sync_api import Page, Route, expect

from tests.browser.dashboard import Dashboard
from tests.support.server_process import ServerProcess
from tests.transports.http.orders import Json, cancelled, new_order, publish, shipped


def test_order_in_the_list_leads_to_its_timeline_which_goes_on(
    page: Page, server: ServerProcess, http: httpx.Client
) -> None:
    order = new_order()
    dashboard = Dashboard(page, server.url).live()
    first, _, last = publish(http, shipped(order), shipped(), later(cancelled(order)))
    page.get_by_role("link", name=order).first.click()
    expect(page).to_have_url(f"{server.url}/?order={order}")
    steps = page.locator("#steps > li")
    expect(steps).to_have_count(2)
    assert steps.evaluate_all("steps => steps.map((step) => step.dataset.id)") == [first, last]
    expect(steps.nth(1)).to_contain_text(re.compile(r"^\s*2 days 3\sh later"))
    expect(steps.nth(1)).to_contain_text("reasonPaid twice")
    publish(http, shipped(order))
    expect(steps).to_have_count(3)
    expect(steps.nth(2).locator(".between")).to_have_text(re.compile(r"^2 days 3\sh earlier$"))
    expect(page.locator("#order-summary")).to_contain_text(
        re.compile(r"^3 events over 2 days 3\sh\. The newest: Shipped")
    )
    assert dashboard.watched.errors == []
    page.go_back()
    dashboard.live()


def later(event: Json) -> Json:
    return event | {"data": event["data"] | {"when": "2024-05-03T13:00:00Z"}}


def test_raw_data_and_ids_can_be_copied(page: Page, server: ServerProcess, http: httpx.Client) -> None:
    order = new_order()
    (event,) = publish(http, cancelled(order))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{server.url}/?order={order}")
    page.locator("summary").click()
    for button, copied in (("Copy id", order), ("Copy link", f"{server.url}/?order={order}"), ("Copy event id", event)):
        page.get_by_role("button", name=button).click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == copied
        expect(page.get_by_role("button", name="Copied")).to_have_count(0)
    page.get_by_role("button", name="Copy data").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    raw = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert (raw["id"], raw["data"]["reason"]) == (event, "Paid twice")
    page.goto("about:blank")


def test_events_of_types_that_the_page_does_not_know_are_shown(
    page: Page, server: ServerProcess, http: httpx.Client
) -> None:
    order = new_order()
    publish(http, shipped(order))

    def rename(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace("order.shipped", "order.toTheMoon"))

    page.route("**/events/orders?*", rename, times=1)
    page.goto(f"{server.url}/?order={order}")
    expect(page.locator("#steps > li")).to_contain_text("To the moon")
    page.goto("about:blank")


def test_order_without_events_and_one_that_is_refused_say_so(page: Page, server: ServerProcess) -> None:
    page.goto(f"{server.url}/")
    page.get_by_role("searchbox").or_(page.get_by_label("Order id", exact=True)).fill(" or_nothing ")
    page.keyboard.press("Enter")
    expect(page.locator("#order-summary")).to_contain_text("No stored event of this order yet")
    page.goto(f"{server.url}/?order=not+an+id")
    expect(page.locator("#order-state")).to_have_text(re.compile("^Refused: orderId"))
    page.goto("about:blank")
