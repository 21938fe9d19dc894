"""Publishing over HTTP: what is stored and answered, what is refused and how, and that a refusal changes nothing."""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from tests.support.random_values import mutated
from tests.support.server_process import ServerProcess
from tests.transports.http.orders import (
    EVENTS,
    WHEN,
    Json,
    cancelled,
    eventually,
    head_id,
    new_order,
    publish,
    read_page,
    shipped,
)
from tests.transports.http.wire import Wire, post, request

MAX_BODY_BYTES = 8 * 1024 * 1024
JSON = {"Content-Type": "application/json"}
GOOD = json.dumps(shipped()).encode()


@contextmanager
def nothing_stored(http: httpx.Client) -> Iterator[None]:
    """Check that the log has the same end as before."""
    before = head_id(http)
    yield
    assert head_id(http) == before
    assert read_page(http, lastEventId=before)["events"] == []


def refused(response: httpx.Response, status: int, kind: str) -> dict[str, Json]:
    assert response.status_code == status, response.text[:500]
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Json] = response.json()
    assert (problem["type"], problem["status"]) == (f"/problems/{kind}", status)
    assert status == 422 or len(response.content) <= 2048
    assert "Traceback" not in response.text
    return problem


# What is stored


def test_one_event_is_answered_with_its_outcome(http: httpx.Client) -> None:
    response = http.post(EVENTS, json=shipped(eventId=f"{(order := new_order())}-shipped"))

    assert response.status_code == 201
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    (event,) = response.json()["events"]
    assert re.fullmatch(r"[0-9A-Za-z_-]{1,64}", event.pop("id"))
    assert event == {
        "eventType": "order.shipped",
        "schemaVersion": "1.2.0",
        "eventId": f"{order}-shipped",
        "duplicate": False,
    }


def test_an_event_without_an_event_id_is_given_one(http: httpx.Client) -> None:
    event = shipped()
    made = [http.post(EVENTS, json=event).json()["events"][0] for _ in range(2)]
    assert [each["duplicate"] for each in made] == [False, False]
    assert len({each["eventId"] for each in made}) == 2
    assert all(re.fullmatch(r"[0-9A-Za-z_.:-]{1,128}", each["eventId"]) for each in made)


def test_a_batch_is_stored_adjacent_and_in_order(http: httpx.Client) -> None:
    before = head_id(http)
    events = [shipped(new_order(), eventId=new_order()) for _ in range(100)]

    answered = http.post(EVENTS, json=events).json()["events"]

    page = read_page(http, lastEventId=before)
    assert [each["eventId"] for each in answered] == [event["eventId"] for event in events]
    assert [each["id"] for each in answered] == [event["id"] for event in page["events"]]
    assert [event["data"] for event in page["events"]] == [event["data"] for event in events]


def test_batches_of_several_producers_do_not_mix(server: ServerProcess, http: httpx.Client) -> None:
    before = head_id(http)

    def produce(producer: int) -> None:
        with httpx.Client(base_url=server.url, timeout=60) as client:
            for _ in range(5):
                publish(client, *(shipped(f"producer-{producer}", eventId=new_order()) for _ in range(20)))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(produce, range(4)))

    orders = [event["data"]["orderId"] for event in read_page(http, lastEventId=before, limit=1000)["events"]]
    assert len(orders) == 400
    assert all(len(set(orders[start : start + 20])) == 1 for start in range(0, 400, 20))


def test_a_thousand_events_are_one_request(http: httpx.Client) -> None:
    assert len(publish(http, *(shipped() for _ in range(1000)))) == 1000


def test_a_named_schema_version_is_that_version(http: httpx.Client) -> None:
    assert http.post(EVENTS, json=shipped(schemaVersion="1.0.0")).json()["events"][0]["schemaVersion"] == "1.0.0"


@pytest.mark.parametrize(
    "when", [WHEN, "2017-10-02T10:56:33-03:00", "2024-05-01T10:00:00.123456+00:00", "2024-05-01T10:00:00-00:00"]
)
def test_the_time_of_an_event_is_kept_as_it_was_written(http: httpx.Client, when: str) -> None:
    before = head_id(http)
    publish(http, {"eventType": "order.shipped", "data": {"orderId": "or_1", "when": when}})
    assert read_page(http, lastEventId=before)["events"][0]["data"] == {"orderId": "or_1", "when": when}


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json;charset=utf-8",
        "application/json; charset=UTF-8",
        'application/json; charset="utf-8"',
    ],
)
def test_json_is_taken_under_each_of_its_names(http: httpx.Client, content_type: str) -> None:
    assert http.post(EVENTS, content=GOOD, headers={"Content-Type": content_type}).status_code == 201


def test_white_space_and_escapes_are_json(http: httpx.Client) -> None:
    text = '\n\t {"event\\u0054ype" : "order\\u002eshipped",\r\n "data":{"orderId":"or_1","when":"2024-05-01T10:00:00Z"} } \n'
    assert http.post(EVENTS, content=text, headers=JSON).status_code == 201


# The same event again


def test_the_same_event_again_is_a_duplicate_with_the_first_id(http: httpx.Client) -> None:
    event = cancelled(eventId=new_order())
    first, second = (http.post(EVENTS, json=event) for _ in range(2))

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json()["events"] == [{**first.json()["events"][0], "duplicate": True}]


def test_a_duplicate_is_stored_once(http: httpx.Client) -> None:
    event = shipped(eventId=new_order())
    publish(http, event)
    with nothing_stored(http):
        publish(http, event)


def test_an_event_twice_in_one_request_is_stored_once(http: httpx.Client) -> None:
    before = head_id(http)
    event = shipped(eventId=new_order())
    answered = http.post(EVENTS, json=[event, shipped(), event]).json()["events"]

    assert [each["duplicate"] for each in answered] == [False, False, True]
    assert answered[2]["id"] == answered[0]["id"]
    assert len(read_page(http, lastEventId=before)["events"]) == 2


def test_one_event_published_100_times_in_parallel_is_one_event(server: ServerProcess, http: httpx.Client) -> None:
    before = head_id(http)
    event = shipped(eventId=new_order())

    def produce(_: int) -> dict[str, Json]:
        with httpx.Client(base_url=server.url, timeout=60) as client:
            return dict(client.post(EVENTS, json=event).raise_for_status().json()["events"][0])

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(produce, range(100)))

    assert len(read_page(http, lastEventId=before)["events"]) == 1
    assert len({answer["id"] for answer in answers}) == 1
    assert sorted(answer["duplicate"] for answer in answers) == [False] + [True] * 99


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ({}, {}),
        ({}, {"schemaVersion": "1.2.0"}),
        ({"schemaVersion": "1.2.0"}, {}),
        ({"schemaVersion": "1.0.0"}, {}),
        ({"schemaVersion": "1.0.0"}, {"schemaVersion": "1.0.0"}),
    ],
)
def test_a_version_that_is_named_only_once_makes_no_difference(
    http: httpx.Client, first: dict[str, str], again: dict[str, str]
) -> None:
    event_id = new_order()
    publish(http, shipped(eventId=event_id, **first))
    assert http.post(EVENTS, json=shipped(eventId=event_id, **again)).json()["events"][0]["duplicate"] is True


def test_the_order_of_members_and_the_spelling_of_characters_make_no_difference(http: httpx.Client) -> None:
    event_id = new_order()
    publish(http, cancelled("or_1", "caf\u00e9", eventId=event_id))
    text = f'{{"eventId":"{event_id}","data":{{"reason":"caf\\u00e9","when":"{WHEN}","orderId":"or_1"}},"eventType":"order.cancelled"}}'
    answered = http.post(EVENTS, content=text, headers=JSON)
    assert answered.json()["events"][0]["duplicate"] is True


@pytest.mark.parametrize(
    "other",
    [
        cancelled("or_1", "other"),
        cancelled("or_2", "same"),
        {"eventType": "order.cancelled", "data": {"orderId": "or_1", "when": WHEN}},
        {
            "eventType": "order.cancelled",
            "data": {"orderId": "or_1", "when": "2024-05-01T10:00:00+00:00", "reason": "same"},
        },
        shipped("or_1"),
    ],
)
def test_the_same_event_id_with_other_content_is_a_conflict(http: httpx.Client, other: dict[str, Json]) -> None:
    event_id = new_order()
    publish(http, cancelled("or_1", "same", eventId=event_id))
    with nothing_stored(http):
        problem = refused(http.post(EVENTS, json=[shipped(), {**other, "eventId": event_id}]), 409, "event-id-conflict")
    assert (problem["index"], problem["eventId"]) == (1, event_id)


def test_a_conflict_within_one_request_is_a_conflict(http: httpx.Client) -> None:
    event_id = new_order()
    with nothing_stored(http):
        events = [shipped("or_1", eventId=event_id), shipped(), shipped("or_2", eventId=event_id)]
        problem = refused(http.post(EVENTS, json=events), 409, "event-id-conflict")
    assert (problem["index"], problem["eventId"]) == (2, event_id)


# What is no JSON: 400

LONG_NUMBER = "9" * 5000
NOT_JSON = {
    "empty": b"",
    "white space": b" \n",
    "truncated": GOOD[:-1],
    "two values": GOOD + GOOD,
    "trailing comma": b"[" + GOOD + b",]",
    "single quotes": b"{'eventType': 'order.shipped'}",
    "comment": b"/* */" + GOOD,
    "byte order mark": b"\xef\xbb\xbf" + GOOD,
    "UTF-16": json.dumps(shipped()).encode("utf-16"),
    "UTF-32": json.dumps(shipped()).encode("utf-32-le"),
    "invalid UTF-8": GOOD.replace(b"or_12345", b"or_\xff\xfe"),
    "overlong UTF-8": GOOD.replace(b"or_12345", b"or_\xc0\xaf"),
    "surrogate in UTF-8": GOOD.replace(b"or_12345", b"or_\xed\xa0\x80"),
    "raw line feed in a string": GOOD.replace(b"or_12345", b"or_\n"),
    "raw NUL in a string": GOOD.replace(b"or_12345", b"or_\x00"),
    "NaN": GOOD.replace(b'"or_12345"', b"NaN"),
    "Infinity": GOOD.replace(b'"or_12345"', b"Infinity"),
    "-Infinity": GOOD.replace(b'"or_12345"', b"-Infinity"),
    "1e400": GOOD.replace(b'"or_12345"', b"1e400"),
    "-1e400": GOOD.replace(b'"or_12345"', b"-1e400"),
    "5000 digits": GOOD.replace(b'"or_12345"', LONG_NUMBER.encode()),
    "leading zero": GOOD.replace(b'"or_12345"', b"012"),
    "hexadecimal": GOOD.replace(b'"or_12345"', b"0x1"),
    "deep arrays": b"[" * 50_000,
    "deep arrays, closed": b"[" * 50_000 + b"]" * 50_000,
    "deep objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "deep data": GOOD.replace(b'"or_12345"', b"[" * 5000 + b"]" * 5000),
    "duplicate key": GOOD.replace(b'{"orderId"', b'{"orderId": "or_1", "orderId"'),
    "duplicate key at the top": GOOD.replace(b'{"eventType"', b'{"eventType": "order.shipped", "eventType"'),
    "duplicate key, escaped": GOOD.replace(b'{"orderId"', b'{"order\\u0049d": "or_1", "orderId"'),
    "lone surrogate in a value": GOOD.replace(b"or_12345", b"\\ud800"),
    "lone low surrogate": GOOD.replace(b"or_12345", b"\\udc00"),
    "surrogates in the wrong order": GOOD.replace(b"or_12345", b"\\udc00\\ud800"),
    "lone surrogate in a key": GOOD.replace(b"orderId", b"\\ud800"),
    "bad escape": GOOD.replace(b"or_12345", b"\\x41"),
    "an EventStream": b"id: 1\nevent: order.shipped\ndata: {}\n\n",
    "NDJSON": GOOD + b"\n" + GOOD,
    "a form": b"eventType=order.shipped",
}


@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON)
def test_a_body_that_is_not_json_is_refused(http: httpx.Client, body: bytes) -> None:
    with nothing_stored(http):
        refused(http.post(EVENTS, content=body, headers=JSON), 400, "malformed-body")


def test_a_body_that_is_not_json_is_not_repeated(http: httpx.Client) -> None:
    response = http.post(EVENTS, content=b'{"secret": tr' + b"Z" * 1000, headers=JSON)
    refused(response, 400, "malformed-body")
    assert "Z" * 100 not in response.text


# What breaks the contract: 422


def changed(**data: Json) -> dict[str, Json]:
    return {"eventType": "order.cancelled", "data": {"orderId": "or_1", "when": WHEN, **data}}


VIOLATIONS: dict[str, tuple[Json, str]] = {
    "null": (None, ""),
    "true": (True, ""),
    "a number": (42, ""),
    "a string": ("order.shipped", ""),
    "an empty array": ([], ""),
    "an empty object": ({}, ""),
    "an array in an array": ([[shipped()]], ""),
    "no event type": ({"data": shipped()["data"]}, ""),
    "no data": ({"eventType": "order.shipped"}, ""),
    "unknown type": ({**shipped(), "eventType": "order.lost"}, "/eventType"),
    "type in capitals": ({**shipped(), "eventType": "ORDER.SHIPPED"}, "/eventType"),
    "type with a line feed": ({**shipped(), "eventType": "order.shipped\n"}, "/eventType"),
    "type that is no string": ({**shipped(), "eventType": 1}, "/eventType"),
    "type that is a list": ({**shipped(), "eventType": ["order.shipped"]}, "/eventType"),
    "control event": ({"eventType": "stream.closing", "data": {"reason": "drain"}}, "/eventType"),
    "checkpoint": ({"eventType": "stream.checkpoint", "data": {}}, "/eventType"),
    "unknown version": (shipped(schemaVersion="9.0.0"), "/schemaVersion"),
    "malformed version": (shipped(schemaVersion="1"), "/schemaVersion"),
    "version with a line feed": (shipped(schemaVersion="1.0.0\n"), "/schemaVersion"),
    "version null": (shipped(schemaVersion=None), "/schemaVersion"),
    "version number": (shipped(schemaVersion=1), "/schemaVersion"),
    "unknown member": (shipped(id="k7f3q2xw-1"), ""),
    "data null": ({"eventType": "order.shipped", "data": None}, "/data"),
    "data array": ({"eventType": "order.shipped", "data": []}, "/data"),
    "data string": ({"eventType": "order.shipped", "data": json.dumps(shipped()["data"])}, "/data"),
    "data empty": ({"eventType": "order.shipped", "data": {}}, "/data"),
    "no order": ({"eventType": "order.shipped", "data": {"when": WHEN}}, "/data"),
    "no time": ({"eventType": "order.shipped", "data": {"orderId": "or_1"}}, "/data"),
    "unknown property": (changed(colour="red"), "/data"),
    "order number": (changed(orderId=1), "/data/orderId"),
    "order empty": (changed(orderId=""), "/data/orderId"),
    "order with a line feed": (changed(orderId="or_1\n"), "/data/orderId"),
    "order with CR LF": (changed(orderId="or_1\r\nSet-Cookie: x"), "/data/orderId"),
    "order with NUL": (changed(orderId="or_1\x00"), "/data/orderId"),
    "order with U+2028": (changed(orderId="or_1\u2028"), "/data/orderId"),
    "order with a comma": (changed(orderId="or_1,or_2"), "/data/orderId"),
    "order in full width": (changed(orderId="\uff11"), "/data/orderId"),
    "order too long": (changed(orderId="x" * 129), "/data/orderId"),
    "time in words": (changed(when="yesterday"), "/data/when"),
    "time without an offset": (changed(when="2024-05-01T10:00:00"), "/data/when"),
    "time that does not exist": (changed(when="2024-02-30T10:00:00Z"), "/data/when"),
    "time with a line feed": (changed(when=WHEN + "\n"), "/data/when"),
    "time with a lower-case t": (changed(when="2024-05-01t10:00:00Z"), "/data/when"),
    "time with a lower-case z": (changed(when="2024-05-01T10:00:00z"), "/data/when"),
    "time with a leap second": (changed(when="2016-12-31T23:59:60Z"), "/data/when"),
    "time as a number": (changed(when=1714557600), "/data/when"),
    "reason empty": (changed(reason=""), "/data/reason"),
    "reason too long": (changed(reason="x" * 501), "/data/reason"),
    "reason null": (changed(reason=None), "/data/reason"),
    "eventId empty": (shipped(eventId=""), "/eventId"),
    "eventId null": (shipped(eventId=None), "/eventId"),
    "eventId number": (shipped(eventId=7), "/eventId"),
    "eventId too long": (shipped(eventId="x" * 129), "/eventId"),
    "eventId with a line feed": (shipped(eventId="e-1\n"), "/eventId"),
    "eventId with a space": (shipped(eventId="e 1"), "/eventId"),
    "eventId with NUL": (shipped(eventId="e\x00"), "/eventId"),
}


@pytest.mark.parametrize(("event", "pointer"), VIOLATIONS.values(), ids=VIOLATIONS)
def test_an_event_that_breaks_its_contract_is_refused_with_a_pointer(
    http: httpx.Client, event: Json, pointer: str
) -> None:
    with nothing_stored(http):
        problem = refused(http.post(EVENTS, content=json.dumps(event), headers=JSON), 422, "contract-violation")
    assert pointer in {violation["pointer"] for violation in problem["violations"]}
    assert {violation["index"] for violation in problem["violations"]} == {0}
    assert all(0 < len(violation["message"]) <= 200 for violation in problem["violations"])
    assert problem["total"] == len(problem["violations"])


def test_an_array_of_more_than_1000_events_breaks_the_contract(http: httpx.Client) -> None:
    with nothing_stored(http):
        refused(http.post(EVENTS, json=[shipped() for _ in range(1001)]), 422, "contract-violation")


def test_one_bad_event_keeps_the_whole_batch_out(http: httpx.Client) -> None:
    events = [shipped() for _ in range(100)]
    events[57] = changed(orderId="")
    with nothing_stored(http):
        problem = refused(http.post(EVENTS, json=events), 422, "contract-violation")
    assert [(violation["index"], violation["pointer"]) for violation in problem["violations"]] == [
        (57, "/data/orderId")
    ]
    assert problem["total"] == 1


def test_every_bad_event_is_named_with_every_violation(http: httpx.Client) -> None:
    events = [shipped(), changed(orderId="", when="x"), shipped(), 7, {**shipped(), "eventType": "order.lost"}]
    with nothing_stored(http):
        problem = refused(http.post(EVENTS, json=events), 422, "contract-violation")
    assert [(violation["index"], violation["pointer"]) for violation in problem["violations"]] == [
        (1, "/data/orderId"),
        (1, "/data/when"),
        (3, ""),
        (4, "/eventType"),
    ]
    assert problem["total"] == 4


def test_at_most_ten_violations_of_one_event_are_listed_and_all_are_counted(http: httpx.Client) -> None:
    many = changed(**{f"unknown{number}": number for number in range(25)})
    problem = refused(http.post(EVENTS, json=[many, changed(reason="")]), 422, "contract-violation")
    assert [violation["index"] for violation in problem["violations"]] == [0] * 10 + [1]
    assert problem["total"] == 26


def test_of_a_thousand_bad_events_twenty_are_listed_and_all_are_counted(http: httpx.Client) -> None:
    problem = refused(
        http.post(EVENTS, json=[{**shipped(), "eventType": "order.lost"}] * 1000), 422, "contract-violation"
    )
    assert [violation["index"] for violation in problem["violations"]] == list(range(20))
    assert problem["total"] == 1000
    assert problem["detail"].startswith("1000 events break")


def test_no_refusal_is_longer_than_64_kib(http: httpx.Client) -> None:
    worst = changed(**{f"{number:02}" + "\u2028" * 200: number for number in range(25)})
    response = http.post(EVENTS, json=[worst] * 100)
    refused(response, 422, "contract-violation")
    assert 2048 < len(response.content) <= 65_536


def test_a_violation_repeats_little_of_the_request(http: httpx.Client) -> None:
    for event in (
        changed(reason="Z" * 100_000),
        changed(**{"Z" * 100_000: 1}),
        {**shipped(), "eventType": "Z" * 100_000},
        shipped(eventId="Z" * 100_000),
        shipped(schemaVersion="Z" * 100_000),
    ):
        response = http.post(EVENTS, json=event)
        refused(response, 422, "contract-violation")
        assert "Z" * 250 not in response.text
        assert len(response.content) <= 2048


def test_a_request_of_good_and_bad_events_lists_each_bad_event_as_if_it_were_sent_alone(http: httpx.Client) -> None:
    dice = random.Random(422)
    for _ in range(10):
        events = [mutated(dice, shipped()) if dice.random() < 0.5 else shipped() for _ in range(15)]
        answers = [(event, http.post(EVENTS, json=[event])) for event in events]
        answers = [(event, answer) for event, answer in answers if answer.status_code != 400]  # a number too large
        with nothing_stored(http):
            together = http.post(EVENTS, json=[event for event, _ in answers])
        bad = {index: answer.json() for index, (_, answer) in enumerate(answers) if answer.status_code == 422}
        assert len(bad) > 1
        expected = {
            **next(iter(bad.values())),
            "detail": f"{len(bad)} events break their contract; nothing was stored.",
            "violations": [
                {**each, "index": index} for index, problem in bad.items() for each in problem["violations"]
            ],
            "total": sum(problem["total"] for problem in bad.values()),
        }
        assert together.content == json.dumps(expected, separators=(",", ":")).encode()


# What is not taken at all: 415 and 413


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "text/event-stream",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/x-ndjson",
        "application/problem+json",
        "application/jsonp",
        "application/json; charset=utf-16",
        "application/json; charset=latin1",
        "application/json, text/plain",
        "json",
        ";",
        "\u00fc/json",
    ],
)
def test_another_content_type_is_refused(http: httpx.Client, content_type: str) -> None:
    with nothing_stored(http):
        refused(
            http.post(EVENTS, content=GOOD, headers={b"Content-Type": content_type.encode()}),
            415,
            "unsupported-media-type",
        )


def test_a_body_without_a_content_type_is_refused(http: httpx.Client) -> None:
    with nothing_stored(http):
        refused(http.post(EVENTS, content=GOOD), 415, "unsupported-media-type")


def test_an_empty_content_type_is_refused(http: httpx.Client) -> None:
    with nothing_stored(http):
        refused(http.post(EVENTS, content=GOOD, headers={"Content-Type": ""}), 415, "unsupported-media-type")


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity", "x"])
def test_any_content_encoding_is_refused(http: httpx.Client, encoding: str) -> None:
    body = gzip.compress(GOOD) if encoding == "gzip" else GOOD
    with nothing_stored(http):
        response = http.post(EVENTS, content=body, headers={**JSON, "Content-Encoding": encoding})
        refused(response, 415, "unsupported-media-type")


def test_a_declared_length_beyond_the_limit_is_refused_before_anything_is_sent(
    server: ServerProcess, http: httpx.Client
) -> None:
    with nothing_stored(http), Wire(server.port) as wire:
        described = ("Content-Type: application/json", f"Content-Length: {MAX_BODY_BYTES + 1}")
        head = wire.get(EVENTS, *described, method="POST")
        assert head.status == 413
        assert head.one("content-type") == "application/problem+json"
        assert json.loads(wire.body(head))["type"] == "/problems/content-too-large"


def test_chunks_beyond_the_limit_are_refused_before_all_is_read(server: ServerProcess, http: httpx.Client) -> None:
    described = ("Content-Type: application/json", "Transfer-Encoding: chunked")
    piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    with nothing_stored(http), Wire(server.port) as wire:
        wire.send(request(EVENTS, *described, method="POST"))
        for _ in range(MAX_BODY_BYTES // 0x10000 + 1):
            wire.send(piece)
        head = wire.head()  # although the last chunk has not been sent
        assert head.status == 413
        assert json.loads(wire.body(head))["type"] == "/problems/content-too-large"


def test_a_body_of_exactly_the_limit_is_read(http: httpx.Client) -> None:
    body = GOOD + b" " * (MAX_BODY_BYTES - len(GOOD))
    assert http.post(EVENTS, content=body, headers=JSON).status_code == 201
    refused(http.post(EVENTS, content=body + b" ", headers=JSON), 413, "content-too-large")


def test_a_body_with_too_many_values_is_refused_before_it_is_parsed(http: httpx.Client) -> None:
    for body in (b"[" + b"{}," * 2_700_000 + b"{}]", b'{"data":[' + b"0," * 60_000 + b"0]}", b"[" + b'"a",' * 60_000):
        with nothing_stored(http):
            refused(http.post(EVENTS, content=body, headers=JSON), 413, "content-too-large")


# How a body arrives


def test_a_body_in_chunks_of_one_byte_is_one_body(server: ServerProcess, http: httpx.Client) -> None:
    before = head_id(http)
    with Wire(server.port) as wire:
        wire.send(request(EVENTS, "Content-Type: application/json", "Transfer-Encoding: chunked", method="POST"))
        for byte in GOOD:
            wire.send(b"1\r\n%c\r\n" % byte)
        wire.send(b"0\r\n\r\n")
        assert wire.head().status == 201
    assert len(read_page(http, lastEventId=before)["events"]) == 1


def test_a_client_that_waits_to_be_asked_for_its_body_is_asked(server: ServerProcess) -> None:
    described = ("Content-Type: application/json", f"Content-Length: {len(GOOD)}", "Expect: 100-continue")
    with Wire(server.port) as wire:
        assert wire.get(EVENTS, *described, method="POST").status == 100
        wire.send(GOOD)
        assert wire.head().status == 201


@pytest.mark.parametrize("framing", [f"Content-Length: {len(GOOD) + 1}", "Transfer-Encoding: chunked"])
def test_a_body_that_is_cut_off_is_not_stored(server: ServerProcess, http: httpx.Client, framing: str) -> None:
    body = GOOD if framing.startswith("Content") else b"%x\r\n%b\r\n" % (len(GOOD), GOOD)
    with nothing_stored(http):
        with Wire(server.port) as wire:
            wire.send(request(EVENTS, "Content-Type: application/json", framing, method="POST") + body)
        # The server has read what was sent by the time that it answers on a connection that was opened later.
        assert eventually(lambda: http.get("/health/live").status_code == 200)


def test_a_client_that_leaves_before_the_answer_has_published_at_most_once(
    server: ServerProcess, http: httpx.Client
) -> None:
    before = head_id(http)
    event = shipped(eventId=new_order())
    with Wire(server.port) as wire:
        wire.send(post(EVENTS, json.dumps(event).encode()))
    publish(http, event)
    assert len(read_page(http, lastEventId=before)["events"]) == 1


def test_publishing_goes_on_over_one_connection(server: ServerProcess) -> None:
    with Wire(server.port) as wire:
        for body, status in ((GOOD, 201), (b"{", 400), (GOOD, 201), (b"[]", 422), (GOOD, 201)):
            wire.send(post(EVENTS, body))
            head = wire.head()
            wire.body(head)
            assert head.status == status


def test_requests_that_were_sent_at_once_are_answered_in_turn(server: ServerProcess, http: httpx.Client) -> None:
    before = head_id(http)
    orders = [new_order() for _ in range(5)]
    with Wire(server.port) as wire:
        wire.send(b"".join(post(EVENTS, json.dumps(shipped(order)).encode()) for order in orders))
        for _ in orders:
            head = wire.head()
            wire.body(head)
            assert head.status == 201
    assert [event["data"]["orderId"] for event in read_page(http, lastEventId=before)["events"]] == orders
