"""The parameters of the stream: what is refused, naming the parameter, and that all the rest is accepted."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from http.client import HTTPConnection
from urllib.parse import quote, urlencode

import httpx
import pytest

from tests.support.server_process import ServerProcess
from tests.transports.http.orders import (
    EVENTS,
    PAGE,
    cancelled,
    new_order,
    order_events,
    publish,
    read_stored,
    shipped,
)
from tests.transports.http.wire import Wire

FULL_WIDTH_FIVE = quote("\uff15")
ARABIC_FIVE = quote("\u0665")

REFUSED = [
    # what is no parameter at all
    ("nonsense", "nonsense=1"),
    ("Limit", "Limit=1"),
    ("limit ", "limit%20=1"),
    ("access_token", "access_token=x"),
    ("Last-Event-ID", "Last-Event-ID=k7f3q2xw-1"),
    ("", "=1"),
    ("eventTypes[]", "eventTypes[]=order.shipped"),
    ("nonsense", "nonsense"),
    # a single value given twice
    ("limit", "limit=1&limit=2"),
    ("limit", "limit=1&limit=1"),
    ("follow", "follow=true&follow=true"),
    ("from", "from=latest&from=earliest"),
    ("since", "since=2024-05-01T10:00:00Z&since=2024-05-01T10:00:00Z"),
    ("lastEventId", "lastEventId=nope&lastEventId=nope"),
    ("lastEventId", "lastEventId=&lastEventId=nope"),
    ("wait", "wait=1&wait=1"),
    ("majorVersion", "majorVersion=1&majorVersion=1"),
    # numbers
    *(
        ("limit", f"limit={value}")
        for value in (
            "",
            "0",
            "-1",
            "-0",
            "1000001",
            "1e3",
            "1_0",
            "%2B5",
            "+5",
            "5.0",
            "0x10",
            "010",
            "%205",
            "5%20",
            "5%0A",
            "5%00",
            "1,2",
            "NaN",
            "Infinity",
            "true",
            FULL_WIDTH_FIVE,
            ARABIC_FIVE,
            "9" * 100,
            "9" * 5000,
        )
    ),
    *(("wait", f"wait={value}") for value in ("", "31", "-1", "1.5", "1e1", "abc", "9" * 30, "5%0A")),
    *(("majorVersion", f"majorVersion={value}") for value in ("", "0", "2", "-1", "1.0", "1.0.0", "v1", "1%0A")),
    # literals
    *(
        ("follow", f"follow={value}")
        for value in ("", "yes", "no", "True", "FALSE", "1", "0", "on", "true%0A", "%20true")
    ),
    *(("from", f"from={value}") for value in ("", "now", "Latest", "earliest%0A", "beginning", "0")),
    # times
    *(
        ("since", f"since={value}")
        for value in (
            "",
            "yesterday",
            "now",
            "1714557600",
            "2024-05-01",
            "2024-05-01T10:00:00",
            "2024-05-01T10:00Z",
            "2024-05-01%2010:00:00Z",
            "2024-05-01T10:00:00Z%0A",
            "2024-05-01T10:00:00Z%00",
            "2024-13-01T10:00:00Z",
            "2024-02-30T10:00:00Z",
            "2024-05-01T24:00:00Z",
            "2024-05-01T10:60:00Z",
            "2016-12-31T23:59:60Z",
            "0000-01-01T00:00:00Z",
            "2024-05-01T10:00:00+02:00",  # the plus sign is a space, unless it is escaped
            "2024-05-01T10:00:00.Z",
            "2024-W18-3T10:00:00Z",
            "%EF%BC%92024-05-01T10:00:00Z",
            "-2024-05-01T10:00:00Z",
            "2024-05-01t10:00:00Z",
            "2024-05-01T10:00:00z",
            "12024-05-01T10:00:00Z",
            "2024-05-01T10:00:00." + "1" * 60 + "Z",
        )
    ),
    # event types
    *(
        ("eventTypes", f"eventTypes={value}")
        for value in (
            "",
            "order.lost",
            "stream.gap",
            "ORDER.SHIPPED",
            "order.*",
            "*",
            "order.shipped,,order.cancelled",
            "order.shipped,",
            ",order.shipped",
            "order.shipped%0A",
            "order.shipped%00",
            "%20order.shipped",
            "order.shipped%20",
            "order.shipped;order.cancelled",
            "order.shipped&eventTypes=",
            "order.shipped&eventTypes=order.lost",
        )
    ),
    ("eventTypes", "eventTypes=" + ",".join(["order.shipped"] * 101)),
    ("eventTypes", "&".join(["eventTypes=order.shipped"] * 101)),
    # orders
    *(
        ("orderId", f"orderId={value}")
        for value in (
            "",
            "a,,b",
            "a,",
            "a%20b",
            "%C3%A9",
            "a%0A",
            "a%00",
            "a/b",
            "x" * 129,
            "%FF",
            "%22",
            "'--",
            "..%2Fx",
        )
    ),
    ("orderId", "orderId=" + ",".join(f"or_{number}" for number in range(101))),
    ("orderId", "&".join(f"orderId=or_{number}" for number in range(101))),
    # ids
    *(
        ("lastEventId", f"lastEventId={value}")
        for value in (
            "%0A",
            "nope%0A",
            "nope%00",
            "no%20pe",
            "../../x",
            "x" * 65,
            "a,b",
            "\uff11".encode().hex("%"),
            "a%2Bb",
            "'",
        )
    ),
    ("lastEventId", "lastEventId=%EF%BC%91%EF%BC%92"),
]


def names(response: httpx.Response) -> list[str]:
    """Name the parameters that a problem is about."""
    assert response.status_code == 400, response.status_code
    assert response.headers["content-type"] == "application/problem+json"
    assert len(response.content) <= 2048
    problem = response.json()
    assert (problem["type"], problem["status"]) == ("/problems/invalid-parameter", 400)
    return [error["name"] for error in problem["errors"]]


@pytest.mark.parametrize(("name", "query"), REFUSED, ids=lambda text: text[:40])
def test_a_bad_parameter_is_refused_by_its_name(http: httpx.Client, name: str, query: str) -> None:
    streamed = http.get(f"{EVENTS}?{query}")
    assert names(streamed) == [name]
    assert [error["in"] for error in streamed.json()["errors"]] == ["query"]
    assert names(http.get(f"{EVENTS}?{query}", headers=PAGE)) == [name]


def test_the_server_names_the_violation_and_repeats_little_of_the_request(http: httpx.Client) -> None:
    for query in (
        "eventTypes=" + "x" * 10_000,
        "lastEventId=" + "y" * 10_000,
        "z" * 10_000 + "=1",
        "since=" + "w" * 10_000,
    ):
        response = http.get(f"{EVENTS}?{query}")
        assert len(names(response)) == 1
        assert all(letter * 200 not in response.text for letter in "wxyz")


def test_all_violations_are_listed_at_once(http: httpx.Client) -> None:
    response = http.get(f"{EVENTS}?limit=0&from=now&nonsense=1&follow=yes")
    assert sorted(names(response)) == ["follow", "from", "limit", "nonsense"]


def test_many_violations_are_a_short_list(http: httpx.Client) -> None:
    query = "&".join(f"{number:064}=1" for number in range(500))
    assert 1 <= len(names(http.get(f"{EVENTS}?{query}"))) <= 10


@pytest.mark.parametrize(
    "query", ["eventTypes=" + ",".join(["a"] * 10_000), "&".join(["eventTypes=a"] * 10_000)], ids=["one", "many"]
)
def test_ten_thousand_values_are_refused(server: ServerProcess, query: str) -> None:
    with Wire(server.port) as wire:
        head = wire.get(f"{EVENTS}?{query}")
        assert head.status == 400
        assert len(wire.body(head)) <= 2048


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/event-types?x=1", "x"),
        ("/event-types/order.shipped/1.0.0?x=1", "x"),
        ("/openapi.json?x=1", "x"),
        ("/health/live?x=1", "x"),
        ("/health/ready?x=1", "x"),
        ("/metrics?x=1", "x"),
        ("/event-types/order.shipped/" + "1" * 33, "version"),
        ("/event-types/" + "x" * 65 + "/1.0.0", "eventType"),
    ],
)
def test_parameters_of_other_operations_are_checked_too(http: httpx.Client, path: str, name: str) -> None:
    assert names(http.get(path)) == [name]


def test_a_query_parameter_of_publish_is_refused(http: httpx.Client) -> None:
    assert names(http.post(f"{EVENTS}?dryRun=true", json=shipped())) == ["dryRun"]


@pytest.mark.parametrize(
    "query",
    [
        "limit=1000000",
        "limit=1",
        "wait=0",
        "wait=30",
        "follow=true",
        "since=2024-05-01T10:00:00Z",
        "since=2024-05-01T10:00:00.123456789Z",
        "since=2024-05-01T10:00:00%2B02:00",
        "since=2024-05-01T10:00:00-03:00",
        "since=2024-05-01T10:00:00-00:00",
        "since=0001-01-01T00:00:00Z",
        "since=9999-12-31T23:59:59Z",
        "since=9999-12-31T23:59:59-23:59",
        "since=0001-01-01T00:00:00%2B23:59",
        "since=2024-02-29T10:00:00Z",
        "orderId=" + ",".join(f"or_{number}" for number in range(100)),
        "orderId=" + "x" * 128,
        "orderId=a.b:c-d_e",
        "eventTypes=order.shipped,order.shipped",
        "eventTypes=order.shipped%2Corder.cancelled",
        "eventTypes=order%2Eshipped",
        "lastEventId=",
        "lastEventId=" + "x" * 64,
        "lastEventId=-1&since=2024-05-01T10:00:00Z&from=earliest",
    ],
    ids=lambda text: text[:40],
)
def test_values_within_the_bounds_are_accepted(server: ServerProcess, query: str) -> None:
    with Wire(server.port) as wire:
        assert wire.get(f"{EVENTS}?{query}").status == 200


def test_every_combination_of_valid_parameters_is_accepted(server: ServerProcess, http: httpx.Client) -> None:
    event_id, *_ = publish(http, shipped(), cancelled())
    statuses = {200, 204}

    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    answered = 0
    for query, headers in combinations(event_id):
        connection.request("GET", f"{EVENTS}?{query}", headers=headers)
        response = connection.getresponse()
        content = response.read()
        assert response.status in statuses, (query, headers, content)
        answered += 1
    connection.close()
    assert answered == 1536


def combinations(event_id: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Give each parameter, present or absent, with each of the others; streams do not follow, pages do not wait."""
    values: dict[str, tuple[str | None, ...]] = {
        "eventTypes": (None, "order.shipped,order.cancelled"),
        "orderId": (None, "or_12345"),
        "lastEventId": (None, event_id),
        "since": (None, "2024-05-01T10:00:00Z"),
        "from": (None, "latest", "earliest"),
        "limit": (None, "1000"),
        "wait": (None, "0"),
        "majorVersion": (None, "1"),
        "follow": ("false",),
    }
    for header, accept in itertools.product((None, event_id), ("text/event-stream", "application/json")):
        headers = {"Accept": accept, **({"Last-Event-ID": header} if header else {})}
        for chosen in itertools.product(*values.values()):
            given = {name: value for name, value in zip(values, chosen, strict=True) if value is not None}
            yield urlencode(given), headers


@pytest.mark.parametrize(
    "query",
    [
        "eventTypes=order.shipped&eventTypes=order.cancelled",
        "eventTypes=order.shipped,order.cancelled",
        "eventTypes=order.cancelled&eventTypes=order.cancelled,order.shipped",
        "eventTypes=order.shipped%2Corder.cancelled",
    ],
)
def test_event_types_may_be_repeated_or_separated_by_commas(http: httpx.Client, query: str) -> None:
    order = new_order()
    ids = publish(http, shipped(order), cancelled(order))
    page = http.get(f"{EVENTS}?from=earliest&orderId={order}&{query}", headers=PAGE).json()
    assert [event["id"] for event in page["events"]] == ids


@pytest.mark.parametrize("event_type", ["order.shipped", "order.cancelled"])
def test_a_stream_of_one_event_type_has_no_other(http: httpx.Client, event_type: str) -> None:
    order = new_order()
    publish(http, shipped(order), cancelled(order), shipped(order), cancelled(order))
    stream = read_stored(http, from_="earliest", eventTypes=event_type, orderId=order)
    assert [frame.event for frame in stream[1:3]] == [event_type] * 2
    assert len(order_events(stream)) == 2


def test_a_stream_of_some_orders_has_no_other(http: httpx.Client) -> None:
    wanted = [new_order(), new_order()]
    publish(http, *(shipped(order) for order in (wanted[0], new_order(), wanted[1], new_order(), wanted[0])))
    for spelling in (wanted, ",".join(wanted)):
        events = order_events(read_stored(http, from_="earliest", orderId=spelling))
        assert [data["orderId"] for _, data in events] == [wanted[0], wanted[1], wanted[0]]
