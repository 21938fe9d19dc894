"""The counts of events by interval and type, over HTTP: for every token, they are those of the pages that it may read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.server_process import QUICK, ServerProcess
from tests.support.tokens import token, token_settings
from tests.transports.http.orders import EVENTS, PAGE, Json, cancelled, shipped

COUNTS = "/events/orders/counts"
EVERYTHING: dict[str, Json] = {}
AGES_AGO = "2024-05-01T10:00:00Z"
YEAR_SECONDS = 365 * 24 * 3600
OPAQUE_CHARACTERS = 22


def bearer(**claims: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(**claims)}"}


def narrowed(**claims: list[str]) -> dict[str, str]:
    return bearer(orders_events={**claims})


def of(merchant: str | None, event: dict[str, Json]) -> dict[str, Json]:
    return event if merchant is None else {**event, "data": {**event["data"], "merchantId": merchant}}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a server with keys, whose log has events of two orders, two merchants and none."""
    folder = tmp_path_factory.mktemp("counts")
    with (
        ServerProcess("--store", f"sqlite:{folder / 'log.db'}", *QUICK, *token_settings(folder)) as server,
        httpx.Client(base_url=server.url, timeout=60) as client,
    ):
        for merchant, times in (("m_1", 2), ("m_2", 3), (None, 4)):
            events = [of(merchant, shipped("or_1")), of(merchant, cancelled("or_2"))] * times
            client.post(EVENTS, json=events, headers=bearer()).raise_for_status()
        yield client


def counted(client: httpx.Client, headers: dict[str, str], **parameters: Json) -> Json:
    return client.get(COUNTS, params=parameters, headers=headers).raise_for_status().json()


def totals(answer: Json) -> Counter[str]:
    return sum((Counter(interval["counts"]) for interval in answer["intervals"]), Counter[str]())


@pytest.mark.parametrize(
    ("headers", "parameters", "number"),
    [
        pytest.param(bearer(), EVERYTHING, 18, id="unrestricted"),
        pytest.param(bearer(), {"orderId": "or_1"}, 9, id="an order"),
        pytest.param(bearer(), {"eventTypes": "order.cancelled", "orderId": "or_1"}, 0, id="nothing"),
        pytest.param(narrowed(eventTypes=["order.shipped"]), EVERYTHING, 9, id="restricted to a type"),
        pytest.param(narrowed(orderIds=["or_2"]), EVERYTHING, 9, id="restricted to an order"),
        pytest.param(narrowed(owners=["m_1"]), EVERYTHING, 4, id="restricted to an owner"),
        pytest.param(narrowed(owners=["m_1"]), {"orderId": "or_2"}, 2, id="an order of an owner"),
        pytest.param(narrowed(owners=["m_3"]), EVERYTHING, 0, id="restricted to an owner without events"),
    ],
)
def test_a_token_counts_what_it_may_read_and_goes_on_from_there(
    client: httpx.Client, headers: dict[str, str], parameters: dict[str, Json], number: int
) -> None:
    page = client.get(EVENTS, params={"from": "earliest", **parameters}, headers={**PAGE, **headers}).json()
    answer = counted(client, headers, **parameters)

    assert totals(answer) == Counter(event["eventType"] for event in page["events"])
    assert totals(answer).total() == number
    assert answer["complete"]
    rest = client.get(EVENTS, params={"lastEventId": answer["lastEventId"]}, headers={**PAGE, **headers})
    assert rest.json()["events"] == []
    assert is_opaque(answer["lastEventId"]) == is_opaque(page["lastEventId"])


def test_counts_are_by_the_interval_in_which_events_were_stored(client: httpx.Client) -> None:
    answer = counted(client, bearer(), since=AGES_AGO, intervalSeconds=10 * YEAR_SECONDS)
    expected = {"order.cancelled": 9, "order.shipped": 9}
    assert answer == {
        "intervalSeconds": 10 * YEAR_SECONDS,
        "intervals": [{"start": "2019-12-20T00:00:00Z", "counts": expected}],
        "complete": True,
        "lastEventId": answer["lastEventId"],
    }
    assert counted(client, bearer(), until=AGES_AGO)["intervals"] == []


@pytest.mark.parametrize(
    ("parameters", "name", "message"),
    [
        ({"since": AGES_AGO, "intervalSeconds": "60"}, "intervalSeconds", "must be at least "),
        ({"since": "2024-05-01T10:00:60Z"}, "since", "must be a date and time"),
        ({"until": "2024-05-01"}, "until", "must be a date and time"),
        ({"intervalSeconds": "0"}, "intervalSeconds", "must be at least 1"),
        ({"limit": "10"}, "limit", "is not a parameter of this operation"),
    ],
)
def test_what_cannot_be_counted_is_refused(
    client: httpx.Client, parameters: dict[str, str], name: str, message: str
) -> None:
    answer = client.get(COUNTS, params=parameters, headers=bearer())
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/invalid-parameter")
    [error] = answer.json()["errors"]
    assert error["name"] == name
    assert error["message"].startswith(message)


def test_the_least_interval_that_a_refusal_names_is_accepted(client: httpx.Client) -> None:
    refused = client.get(COUNTS, params={"since": AGES_AGO, "intervalSeconds": 60}, headers=bearer())
    least = refused.json()["errors"][0]["message"].split(",")[0].removeprefix("must be at least ")
    assert totals(counted(client, bearer(), since=AGES_AGO, intervalSeconds=int(least) + 1)).total() == 18


@pytest.mark.parametrize(
    ("headers", "parameters", "status"),
    [
        pytest.param({}, EVERYTHING, 401, id="no token"),
        pytest.param(bearer(scope="orders:publish"), EVERYTHING, 403, id="a token that does not read"),
        pytest.param(narrowed(eventTypes=["order.shipped"]), {"eventTypes": "order.cancelled"}, 403, id="another type"),
        pytest.param(narrowed(orderIds=["or_2"]), {"orderId": "or_1"}, 403, id="another order"),
    ],
)
def test_a_token_that_may_not_count_is_refused(
    client: httpx.Client, headers: dict[str, str], parameters: dict[str, Json], status: int
) -> None:
    assert client.get(COUNTS, params=parameters, headers=headers).status_code == status


def is_opaque(id: str) -> bool:
    return len(id) == OPAQUE_CHARACTERS
