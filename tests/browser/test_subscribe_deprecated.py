"""The browser client tells what is deprecated, once, and stops when it is retired: no page comes back for ever."""

from __future__ import annotations

import json
from itertools import count

import pytest
from playwright.sync_api import Page

from tests.browser.client_server import Answer, Asked, client_server
from tests.browser.subscribing import Subscribed

TOLD = {"eventType": "order.shipped", "majorVersion": 1, "deprecatedOn": "2026-12-01", "sunsetOn": "2027-06-01"}
STREAM = (
    b"retry: 20\nid: a-1\nevent: stream.checkpoint\ndata: {}\n\n"
    b"event: stream.deprecation\ndata: %b\n\n" % json.dumps(TOLD).encode()
)
CLOSING = b'event: stream.closing\ndata: {"reason":"version_retired"}\n\n'
PROBLEM = json.dumps({"type": "/problems/version-retired", "title": "Gone", "status": 410, "detail": "It was retired."})
GONE = Answer(410, (PROBLEM.encode(),), {"Content-Type": "application/problem+json"})


@pytest.mark.parametrize("transport", ["eventsource", "fetch"])
def test_subscription_tells_a_deprecation_once_and_ends_when_it_is_refused(page: Page, transport: str) -> None:
    connections = count(1)

    def answer(_: Asked) -> Answer:
        number = next(connections)
        return GONE if number > 2 else Answer(pieces=(STREAM, CLOSING if number == 2 else b""))

    with client_server(answer) as url:
        page.goto(url)
        options = {"url": f"{url}/stream/any?eventTypes=order.shipped", "transport": transport, "shared": False}
        subscribed = Subscribed(page, **options)
        subscribed.reaches("closed")
        assert subscribed.calls("deprecation") == [{"type": "stream.deprecation", **TOLD}]
        assert subscribed.calls("closing") == [{"reason": "version_retired"}]
        assert subscribed.calls("state")[-1]["reason"] == "refused"
        assert [each["status"] for each in subscribed.calls("error")] == [410]
        assert subscribed.do("lastEventId") == "a-1"
