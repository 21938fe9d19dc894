"""A line of a file is an event; if it has no eventId, it is given one that is the same every time."""

from __future__ import annotations

import pytest

from app.sources.ndjson import read_event
from app.specification.errors import MalformedJson
from app.specification.strict_json import JsonValue

LINE = b'{"eventType": "order.shipped", "data": {"orderId": "or_1", "when": "2024-05-01T10:00:00Z"}}'


def id_of(number: int, line: bytes) -> JsonValue:
    event = read_event(number, line)
    assert isinstance(event, dict)
    return event["eventId"]


def test_event_id_of_the_producer_is_kept() -> None:
    assert id_of(1, b'{"eventId": "mine"}') == "mine"
    assert id_of(1, b'{"eventId": null}') is None


def test_made_event_id_is_the_same_in_every_version_of_this_program() -> None:
    # With other ids, publishing a file again after an upgrade would double its events.
    assert id_of(1, LINE) == "57074553-d844-5bfe-ab5e-f5a669a024f8"


def test_made_event_id_does_not_depend_on_the_line_end() -> None:
    assert len({id_of(1, line) for line in (LINE, LINE + b"\n", LINE + b"\r\n", b"  " + LINE + b" \n")}) == 1


def test_identical_lines_and_changed_lines_are_events_of_their_own() -> None:
    assert len({id_of(1, LINE), id_of(2, LINE), id_of(1, LINE.replace(b"or_1", b"or_2"))}) == 3


@pytest.mark.parametrize("line", [b"5", b'"text"', b"null", b"[]"])
def test_other_json_is_left_to_the_contract(line: bytes) -> None:
    assert not isinstance(read_event(1, line), dict)


@pytest.mark.parametrize("line", [b"{", b"\xff", b"\xef\xbb\xbf{}", b'{"a": 1, "a": 2}', b"{} {}"])
def test_malformed_json_is_refused_without_a_misleading_line_number(line: bytes) -> None:
    with pytest.raises(MalformedJson) as malformed:
        read_event(12, line)
    assert "line 1" not in str(malformed.value)
