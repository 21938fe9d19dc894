from __future__ import annotations

import json

import pytest

from app.events.event import Event, StoredEvent, same_content
from app.events.position import Position
from app.specification.strict_json import JsonValue, serialise

SUBMITTED = Event("order.shipped", "1.0.0", "e-1", "or_1", '{"orderId":"or_1"}')


def stored(event: Event) -> StoredEvent:
    return StoredEvent(
        7,
        "k7f3q2a1",
        event.event_type,
        event.schema_version,
        event.event_id,
        event.order_id,
        1_714_557_600_000_000,
        event.data,
    )


def with_data(value: JsonValue) -> Event:
    return SUBMITTED._replace(data=json.dumps({"value": value}))


def test_a_stored_event_knows_its_position() -> None:
    assert stored(SUBMITTED).position == Position("k7f3q2a1", 7)
    assert stored(SUBMITTED).id == str(stored(SUBMITTED).position) == "k7f3q2a1-7"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({}, "{}"),
        ({"b": 1, "a": [True, None, 1.5]}, '{"b":1,"a":[true,null,1.5]}'),
        ({"é": "\u2028\x85\n\r\x00\U0001f600"}, r'{"\u00e9":"\u2028\u0085\n\r\u0000\ud83d\ude00"}'),
    ],
)
def test_data_is_serialised_as_one_line_of_ascii_in_the_order_given(data: dict[str, JsonValue], text: str) -> None:
    assert serialise(data) == text
    assert len(text.splitlines()) == 1
    assert text.isascii()
    assert json.loads(text) == data


def test_a_number_that_json_does_not_have_is_not_serialised() -> None:
    with pytest.raises(ValueError, match="Out of range"):
        serialise({"n": float("nan")})


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ('{"a":1,"b":2}', '{"b":2,"a":1}', True),
        ('{"a":1}', '{"a":1.0}', True),
        ('{"a":100}', '{"a":1e2}', True),
        ('{"a":"\\u00e9"}', '{"a":"é"}', True),
        ('{"a":true}', '{"a":1}', False),
        ('{"a":false}', '{"a":0}', False),
        ('{"a":[true]}', '{"a":[1]}', False),
        ('{"a":{"b":[0]}}', '{"a":{"b":[false]}}', False),
        ('{"a":[1,2]}', '{"a":[2,1]}', False),
        ('{"a":null}', "{}", False),
        ('{"a":"1"}', '{"a":1}', False),
        ('{"a":["boolean",true]}', '{"a":true}', False),
        ('{"a":[]}', '{"a":{}}', False),
    ],
)
def test_data_is_the_same_if_it_is_equal_as_json(one: str, other: str, *, same: bool) -> None:
    assert same_content(SUBMITTED._replace(data=one), stored(SUBMITTED._replace(data=other))) is same
    assert same_content(SUBMITTED._replace(data=other), stored(SUBMITTED._replace(data=one))) is same


def test_another_type_is_other_content() -> None:
    assert not same_content(SUBMITTED._replace(event_type="order.cancelled"), stored(SUBMITTED))


def test_another_version_is_other_content_only_if_it_is_named() -> None:
    newer = SUBMITTED._replace(schema_version="1.1.0")
    assert same_content(newer, stored(SUBMITTED))
    assert not same_content(newer._replace(version_named=True), stored(SUBMITTED))
    assert same_content(SUBMITTED._replace(version_named=True), stored(SUBMITTED))
