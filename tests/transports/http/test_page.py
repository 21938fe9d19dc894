"""The page: a piece of the log as JSON, for clients that ask again."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.support.server_process import ServerProcess
from tests.transports.http.orders import (
    EVENTS,
    PAGE,
    WHEN,
    cancelled,
    head_id,
    new_order,
    order_events,
    publish,
    read_page,
    read_stored,
    shipped,
)
from tests.transports.http.wire import PATIENCE_SECONDS


@pytest.fixture(scope="module")
def short_memory() -> Iterator[httpx.Client]:
    """A server that keeps the newest 10 events."""
    arguments = ("--store", "memory:", "--retain-events", "10")
    with ServerProcess(*arguments) as server, httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client:
        yield client


def test_a_page_holds_the_events_as_they_were_published(http: httpx.Client) -> None:
    order = new_order()
    first, second = publish(http, shipped(order), cancelled(order, "\u2028 and \U0001f4e6"))

    response = http.get(EVENTS, params={"from": "earliest", "orderId": order}, headers=PAGE)

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    stored_at = response.json()["events"][0]["storedAt"]
    assert response.json() == {
        "events": [
            {
                "id": first,
                "eventType": "order.shipped",
                "schemaVersion": "1.2.0",
                "data": {"orderId": order, "when": WHEN},
                "storedAt": stored_at,
            },
            {
                "id": second,
                "eventType": "order.cancelled",
                "schemaVersion": "1.1.0",
                "data": {"orderId": order, "when": WHEN, "reason": "\u2028 and \U0001f4e6"},
                "storedAt": stored_at,
            },
        ],
        "lastEventId": second,
    }


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream", "text/html"])
def test_the_page_has_an_address_of_its_own(http: httpx.Client, accept: str) -> None:
    order = new_order()
    publish(http, shipped(order), cancelled(order))
    parameters: dict[str, str | int] = {"from": "earliest", "orderId": order, "limit": 1}
    found = http.get(f"{EVENTS}/page", params=parameters, headers={"Accept": accept}).raise_for_status()
    negotiated = http.get(EVENTS, params=parameters, headers=PAGE)
    assert found.json() == negotiated.json()
    for name in ("content-type", "cache-control"):
        assert found.headers[name] == negotiated.headers[name]


@pytest.mark.parametrize(
    ("parameters", "status"),
    [({"follow": "false"}, 400), ({"limit": 1001}, 400), ({"since": "now"}, 400), ({"lastEventId": "nope"}, 410)],
)
def test_the_address_of_the_page_refuses_what_is_not_for_a_page(
    http: httpx.Client, parameters: dict[str, str | int], status: int
) -> None:
    assert http.get(f"{EVENTS}/page", params=parameters).status_code == status


def test_the_time_at_which_an_event_was_stored_is_good_as_since(http: httpx.Client) -> None:
    order = new_order()
    before = datetime.now(UTC)
    published = publish(http, shipped(order), cancelled(order))
    stored_at = read_page(http, from_="earliest", orderId=order)["events"][0]["storedAt"]

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", stored_at)
    assert before - timedelta(milliseconds=1) <= datetime.fromisoformat(stored_at) <= datetime.now(UTC)
    found = read_page(http, since=stored_at, orderId=order)["events"]
    assert [event["id"] for event in found] == published


def test_an_empty_page_is_a_success_with_the_id_to_go_on_from(http: httpx.Client) -> None:
    (newest,) = publish(http, shipped())
    assert read_page(http) == {"events": [], "lastEventId": newest}


def test_a_page_of_an_empty_log_has_the_id_to_go_on_from() -> None:
    with (
        ServerProcess("--store", "memory:") as server,
        httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as http,
    ):
        empty = read_page(http, from_="earliest")
        (event_id,) = publish(http, shipped())
        following = read_page(http, lastEventId=empty["lastEventId"])

    assert empty["events"] == []
    assert [event["id"] for event in following["events"]] == [event_id]


def test_pages_in_a_row_are_the_whole_log(http: httpx.Client) -> None:
    start = head_id(http)
    ids = publish(http, *(shipped() for _ in range(23)))

    read: list[str] = []
    page = read_page(http, lastEventId=start, limit=5)
    while page["events"]:
        read += [event["id"] for event in page["events"]]
        page = read_page(http, lastEventId=page["lastEventId"], limit=5)

    assert read == ids
    assert page["lastEventId"] == ids[-1]


def test_the_last_id_moves_past_events_that_the_filter_skipped(http: httpx.Client) -> None:
    order = new_order()
    *_, skipped = publish(http, shipped(order), shipped(), shipped())
    page = read_page(http, from_="earliest", orderId=order)
    assert len(page["events"]) == 1
    assert page["lastEventId"] == skipped


def test_the_last_id_of_a_full_page_is_that_of_its_last_event(http: httpx.Client) -> None:
    order = new_order()
    ids = publish(http, shipped(order), shipped(order), shipped(order))
    assert read_page(http, from_="earliest", orderId=order, limit=2)["lastEventId"] == ids[1]


def test_a_page_has_100_events_by_default_and_at_most_1000(http: httpx.Client) -> None:
    order = new_order()
    publish(http, *(shipped(order) for _ in range(1000)))
    publish(http, shipped(order))

    counts = [
        len(read_page(http, orderId=order, from_="earliest", **limit)["events"])
        for limit in ({}, {"limit": 1}, {"limit": 1000})
    ]

    assert counts == [100, 1, 1000]


def test_a_limit_of_1001_is_for_streams_only(http: httpx.Client) -> None:
    refused = http.get(EVENTS, params={"limit": 1001}, headers=PAGE)
    assert refused.status_code == 400
    assert [error["name"] for error in refused.json()["errors"]] == ["limit"]
    publish(http, shipped())
    assert read_stored(http, from_="earliest", limit=1001)


@pytest.mark.parametrize("follow", ["true", "false"])
def test_follow_has_no_effect_on_a_page(http: httpx.Client, follow: str) -> None:
    (newest,) = publish(http, shipped())
    assert read_page(http, follow=follow) == {"events": [], "lastEventId": newest}


def test_a_page_and_a_stream_have_the_same_content(http: httpx.Client) -> None:
    order = new_order()
    publish(http, shipped(order), cancelled(order))
    page = read_page(http, from_="earliest", orderId=order)
    stream = read_stored(http, from_="earliest", orderId=order)
    assert [(event["id"], event["data"]) for event in page["events"]] == order_events(stream)


class Waiting:
    """A request for a page that waits, in a thread of its own, with the seconds that it took."""

    def __init__(self, server: ServerProcess, **parameters: str | int) -> None:
        self._server = server
        self._parameters = parameters
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()

    def page(self) -> tuple[dict[str, object], float]:
        self._thread.join(60)
        return self._page, self._seconds

    def _ask(self) -> None:
        with httpx.Client(base_url=self._server.url, timeout=60) as client:
            started = time.monotonic()
            self._page = read_page(client, **self._parameters)
            self._seconds = time.monotonic() - started


def test_a_wait_ends_with_the_first_event_that_matches(server: ServerProcess, http: httpx.Client) -> None:
    order = new_order()
    start = head_id(http)
    waiting = Waiting(server, wait=30, orderId=order, lastEventId=start)
    publish(http, shipped())
    (event_id,) = publish(http, shipped(order))
    page, seconds = waiting.page()

    assert page["lastEventId"] == event_id
    assert seconds < 25


def test_a_wait_ends_with_an_empty_page_when_the_time_is_up(server: ServerProcess, http: httpx.Client) -> None:
    (newest,) = publish(http, shipped())
    page, seconds = Waiting(server, wait=1, orderId=new_order()).page()

    assert page == {"events": [], "lastEventId": newest}
    assert seconds >= 0.99  # uvloop's timers count whole milliseconds


def test_a_page_with_events_does_not_wait(http: httpx.Client) -> None:
    publish(http, shipped())
    started = time.monotonic()
    assert read_page(http, wait=30, from_="earliest")["events"]
    assert time.monotonic() - started < 25


def test_a_page_after_a_gap_is_410_and_names_the_earliest_position(
    short_memory: httpx.Client,
) -> None:
    expired, *_ = publish(short_memory, *(shipped() for _ in range(30)))

    lost = short_memory.get(EVENTS, params={"lastEventId": expired}, headers=PAGE)
    kept = read_page(short_memory, lastEventId=lost.json()["earliest"])

    assert lost.status_code == 410
    assert lost.headers["content-type"] == "application/problem+json"
    assert {name: lost.json()[name] for name in ("type", "status", "reason", "requested")} == {
        "type": "/problems/position-lost",
        "status": 410,
        "reason": "expired",
        "requested": expired,
    }
    assert len(kept["events"]) == 10


def test_a_time_before_a_deleted_event_is_410_on_a_page(short_memory: httpx.Client) -> None:
    publish(short_memory, *(shipped() for _ in range(30)))
    lost = short_memory.get(EVENTS, params={"since": "2024-05-01T10:00:00Z"}, headers=PAGE)
    assert lost.status_code == 410
    assert (lost.json()["reason"], lost.json()["requested"]) == ("expired", "2024-05-01T10:00:00Z")


def test_from_earliest_is_not_a_gap_after_a_deletion(short_memory: httpx.Client) -> None:
    publish(short_memory, *(shipped() for _ in range(30)))
    assert len(read_page(short_memory, from_="earliest")["events"]) == 10


def test_head_on_a_page_does_not_wait(http: httpx.Client) -> None:
    started = time.monotonic()
    response = http.head(EVENTS, params={"wait": 30}, headers=PAGE)
    assert (response.status_code, response.content) == (200, b"")
    assert time.monotonic() - started < 25
