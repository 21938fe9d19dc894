"""An EventSource reads a compressed stream event by event: Chromium's, and the package `eventsource` in Node."""

from __future__ import annotations

import httpx
from playwright.sync_api import Page, Response

from tests.browser.following import Following, PageFollowing, node_following, published
from tests.support.server_process import ServerProcess
from tests.transports.http.orders import cancelled, new_order, publish, shipped

COUNT = 20


def each_event_arrives_before_the_next(following: Following, http: httpx.Client, order: str) -> None:
    assert following.first().type == "stream.checkpoint"
    for number in range(COUNT):
        (event_id,) = publish(http, (shipped, cancelled)[number % 2](order))
        following.through(event_id)
    assert following.order_events() == published(http, orderId=order)


def test_event_source_of_chromium(server: ServerProcess, http: httpx.Client, page: Page) -> None:
    codings: list[str | None] = []

    def note(response: Response) -> None:
        codings.append(response.headers.get("content-encoding"))

    order = new_order()
    page.goto(f"{server.url}/health/live")
    page.on("response", note)
    each_event_arrives_before_the_next(PageFollowing(page, f"{server.events_url}?orderId={order}"), http, order)
    assert codings == ["gzip"]


def test_eventsource_of_node(server: ServerProcess, http: httpx.Client, node: str) -> None:
    order = new_order()
    with node_following(node, f"{server.events_url}?orderId={order}") as following:
        each_event_arrives_before_the_next(following, http, order)
