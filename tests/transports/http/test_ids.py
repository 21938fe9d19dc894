"""The start of a stream: ids, times and origins, which of them goes first, and the gaps that they lead to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import httpx
import pytest

from tests.support.server_process import ServerProcess
from tests.transports.http.orders import (
    EVENTS,
    PAGE,
    Frame,
    eventually,
    head_id,
    new_order,
    order_events,
    publish,
    read_stored,
    shipped,
)
from tests.transports.http.wire import PATIENCE_SECONDS, Wire, request

LONG_AGO = "2024-05-01T10:00:00Z"
IN_THE_FUTURE = "2999-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def short_memory() -> Iterator[httpx.Client]:
    """A server that keeps the newest 10 events."""
    arguments = ("--store", "memory:", "--retain-events", "10")
    with ServerProcess(*arguments) as server, httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client:
        yield client


def started_at(http: httpx.Client, headers: dict[str, str] | None = None, **parameters: str) -> str | None:
    """Open a stream and return the id of its first frame."""
    with http.stream("GET", EVENTS, params=parameters, headers=headers) as response:
        assert response.status_code == 200
        lines = response.iter_lines()
        return next(line.removeprefix("id: ") for line in lines if line.startswith("id: "))


# Precedence: an id goes before `since`, `since` before `from`; the header before the query.


@pytest.mark.parametrize("origin", [None, "latest", "earliest"])
@pytest.mark.parametrize("since", [None, LONG_AGO, IN_THE_FUTURE])
@pytest.mark.parametrize("query_id", [None, "", "second"])
@pytest.mark.parametrize("header_id", [None, "", "first"])
def test_an_id_goes_before_since_and_since_before_from(
    http: httpx.Client, origin: str | None, since: str | None, query_id: str | None, header_id: str | None
) -> None:
    first, second, newest = publish(http, shipped(), shipped(), shipped())
    ids = {"first": first, "second": second}
    asked = {"from": origin, "since": since, "lastEventId": ids.get(query_id or "", query_id)}
    headers = {} if header_id is None else {"Last-Event-ID": ids.get(header_id, "")}

    start = started_at(http, headers, **{name: value for name, value in asked.items() if value is not None})

    begins_early = since == LONG_AGO or (since is None and origin == "earliest")
    elsewhere = read_stored(http, from_="earliest")[0].id if begins_early else newest
    assert start == ids.get(header_id or "", ids.get(query_id or "", elsewhere))


def test_without_any_of_them_a_stream_starts_at_the_head(http: httpx.Client) -> None:
    (newest,) = publish(http, shipped())
    assert started_at(http) == newest


def test_the_header_name_is_written_in_any_case(http: httpx.Client) -> None:
    first, _ = publish(http, shipped(), shipped())
    assert started_at(http, {"last-event-id": first}) == first
    assert started_at(http, {"LAST-EVENT-ID": first}) == first


# What is malformed, and what is merely unknown


@pytest.mark.parametrize(
    "value",
    [
        b"\xff\xfe",
        b"caf\xc3\xa9",
        b"\xef\xbc\x91",
        b"../../x",
        b"a b",
        b"a,b",
        b"a\tb",
        b"x" * 65,
        b"x" * 60_000,
        b"'; DROP TABLE events; --",
        b"%00",
        b"k7f3q2xw:1",
    ],
    ids=lambda value: repr(value[:20]),
)
def test_a_malformed_header_is_refused(server: ServerProcess, value: bytes) -> None:
    with Wire(server.port) as wire:
        wire.send(request(EVENTS)[:-2] + b"Last-Event-ID: " + value + b"\r\n\r\n")
        head = wire.head()
        assert head.status == 400
        assert head.one("content-type") == "application/problem+json"
        body = wire.body(head)
        assert len(body) <= 2048
        assert [(error["in"], error["name"]) for error in json.loads(body)["errors"]] == [("header", "Last-Event-ID")]


@pytest.mark.parametrize("second", ["first", "nope", ""])
def test_a_header_that_is_sent_twice_is_refused(server: ServerProcess, http: httpx.Client, second: str) -> None:
    (first,) = publish(http, shipped())
    with Wire(server.port) as wire:
        head = wire.get(EVENTS, f"Last-Event-ID: {first}", f"Last-Event-ID: {first if second == 'first' else second}")
        assert head.status == 400
        assert b"Last-Event-ID" in wire.body(head)


def test_a_malformed_query_is_refused_even_if_the_header_wins(http: httpx.Client) -> None:
    (first,) = publish(http, shipped())
    response = http.get(EVENTS, params={"lastEventId": "a b"}, headers={"Last-Event-ID": first})
    assert response.status_code == 400


@pytest.mark.parametrize(
    "event_id",
    [
        "nope",
        "-1",
        "0x1",
        "0",
        "-",
        "_",
        "k7f3q2-1042",
        "k7f3q2xw-1042",
        "k7f3q2xw-01",
        "x" * 64,
        "9" * 64,
        "zzzzzzzz-999999999999999999999999999999999999999",
    ],
)
@pytest.mark.parametrize("place", ["header", "query"])
def test_an_id_that_this_log_never_issued_is_foreign(http: httpx.Client, event_id: str, place: str) -> None:
    publish(http, shipped())
    headers = {"Last-Event-ID": event_id} if place == "header" else {}
    parameters = {} if headers else {"lastEventId": event_id}

    gap, *rest = read_stored(http, headers, **parameters)

    assert gap.event == "stream.gap"
    assert json.loads(gap.data or "") == {"reason": "foreign", "requested": event_id, "earliest": gap.id}
    everything = order_events(read_stored(http, from_="earliest"))
    assert order_events(rest) == everything
    assert order_events(read_stored(http, lastEventId=gap.id)) == everything


def test_an_id_that_is_written_differently_is_foreign(http: httpx.Client) -> None:
    (event_id,) = publish(http, shipped())
    epoch, offset = event_id.rsplit("-", 1)
    for other in (
        f"{epoch.upper()}-{offset}",
        f"{epoch}-0{offset}",
        f"{epoch}_{offset}",
        f"{epoch}-{offset}-",
        f"{epoch}{offset}",
    ):
        if other == event_id:
            continue  # an epoch without letters has no capitals
        assert json.loads(read_stored(http, lastEventId=other)[0].data or "{}")["reason"] == "foreign"


@pytest.mark.parametrize("distance", [1, 10**6, 10**15])
def test_an_id_beyond_the_head_is_ahead(http: httpx.Client, distance: int) -> None:
    (newest,) = publish(http, shipped())
    epoch, offset = newest.rsplit("-", 1)
    beyond = f"{epoch}-{int(offset) + distance}"

    gap, *rest = read_stored(http, lastEventId=beyond)

    assert json.loads(gap.data or "") == {"reason": "ahead", "requested": beyond, "earliest": gap.id}
    assert order_events(rest) == order_events(read_stored(http, from_="earliest"))


def test_an_id_after_which_something_was_deleted_is_expired(short_memory: httpx.Client) -> None:
    ids = publish(short_memory, *(shipped() for _ in range(30)))

    gap, *rest = read_stored(short_memory, lastEventId=ids[0])

    assert json.loads(gap.data or "") == {"reason": "expired", "requested": ids[0], "earliest": gap.id}
    assert [event_id for event_id, _ in order_events(rest)] == ids[-10:]
    assert gap.id == ids[-11], "The position just before the first event that follows."


def test_an_id_expires_whatever_the_filter(short_memory: httpx.Client) -> None:
    ids = publish(short_memory, *(shipped() for _ in range(30)))
    gap, *rest = read_stored(short_memory, lastEventId=ids[0], orderId=new_order())
    assert gap.event == "stream.gap"
    assert order_events(rest) == []


def test_the_position_just_before_the_earliest_event_has_not_expired(short_memory: httpx.Client) -> None:
    ids = publish(short_memory, *(shipped() for _ in range(30)))
    first, *rest = read_stored(short_memory, lastEventId=ids[-11])
    assert first.event == "stream.checkpoint"
    assert len(order_events(rest)) == 10


def test_a_time_before_a_deleted_event_is_a_gap(short_memory: httpx.Client) -> None:
    publish(short_memory, *(shipped() for _ in range(30)))
    gap, *rest = read_stored(short_memory, since=LONG_AGO)
    assert json.loads(gap.data or "") == {"reason": "expired", "requested": LONG_AGO, "earliest": gap.id}
    assert len(order_events(rest)) == 10


def test_the_earliest_position_of_an_empty_log_returns_every_later_event() -> None:
    with (
        ServerProcess("--store", "memory:") as server,
        httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as http,
    ):
        gap, *_ = read_stored(http, lastEventId="nope")
        ids = publish(http, shipped(), shipped())
        first, *rest = read_stored(http, lastEventId=gap.id)

    assert gap.event == "stream.gap"
    assert first == Frame(gap.id, "stream.checkpoint", "{}", first.retry)
    assert [event_id for event_id, _ in order_events(rest)] == ids


def test_a_stream_with_a_gap_goes_on_with_what_is_published_next(http: httpx.Client) -> None:
    order = new_order()
    with http.stream("GET", EVENTS, params={"lastEventId": "nope", "orderId": order, "limit": 1}) as response:
        lines = response.iter_lines()
        assert next(line for line in lines if line.startswith("event: ")) == "event: stream.gap"
        with httpx.Client(base_url=http.base_url, timeout=PATIENCE_SECONDS) as producer:
            (event_id,) = publish(producer, shipped(order))
        assert f"id: {event_id}" in list(lines)


# Times


def test_since_starts_with_the_first_event_that_was_stored_at_or_after_it(http: httpx.Client) -> None:
    (before,) = publish(http, shipped())
    boundary = datetime.now(UTC) + timedelta(milliseconds=5)
    assert eventually(lambda: datetime.now(UTC) > boundary)
    after = publish(http, shipped(), shipped())

    elsewhere = boundary.astimezone(timezone(timedelta(hours=-3, minutes=-30)))
    for written in (boundary.isoformat(), elsewhere.isoformat(), boundary.strftime("%Y-%m-%dT%H:%M:%S.%fZ")):
        events = order_events(read_stored(http, since=written))
        assert [event_id for event_id, _ in events] == after
        assert before not in dict(events)


def test_since_is_about_when_an_event_was_stored_and_not_about_its_own_time(http: httpx.Client) -> None:
    order = new_order()
    publish(http, {"eventType": "order.shipped", "data": {"orderId": order, "when": "1999-01-01T00:00:00Z"}})
    assert len(order_events(read_stored(http, since="2024-01-01T00:00:00Z", orderId=order))) == 1


def test_since_in_the_future_is_the_head(http: httpx.Client) -> None:
    (newest,) = publish(http, shipped())
    assert started_at(http, since=IN_THE_FUTURE) == newest
    assert http.get(EVENTS, params={"since": IN_THE_FUTURE}, headers=PAGE).json() == {
        "events": [],
        "lastEventId": newest,
    }


# Filters across a resume


def test_a_wider_filter_does_not_bring_back_events_that_were_passed(http: httpx.Client) -> None:
    narrow, wide = new_order(), new_order()
    start = head_id(http)
    _, skipped = publish(http, shipped(narrow), shipped(wide))
    *_, checkpoint, _ = read_stored(http, lastEventId=start, orderId=narrow)
    (following,) = publish(http, shipped(wide))

    events = order_events(read_stored(http, lastEventId=checkpoint.id, orderId=[narrow, wide]))

    assert checkpoint.id == skipped
    assert [event_id for event_id, _ in events] == [following]


def test_another_filter_applies_to_events_after_the_id(http: httpx.Client) -> None:
    one, other = new_order(), new_order()
    ids = publish(http, *(shipped(order) for order in (one, other, one, other, one)))
    events = order_events(read_stored(http, lastEventId=ids[2], orderId=[one, other]))
    assert [event_id for event_id, _ in events] == ids[3:]
