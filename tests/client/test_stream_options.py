"""Options become query parameters."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest

from app.client.protocol.stream_options import StreamOptions, stream_query


def query(options: StreamOptions) -> list[tuple[str, str]]:
    return list(stream_query(options).request(None, options.get("limit")).query)


def test_no_option_is_no_parameter() -> None:
    assert query({}) == []
    assert stream_query({}).after is None


def test_every_option_becomes_a_parameter() -> None:
    assert query(
        {
            "event_types": ["order.shipped", "order.cancelled"],
            "order_ids": {"o1"},
            "since": "2026-01-02T03:04:05Z",
            "from_": "earliest",
            "limit": 7,
            "follow": False,
            "major_version": 2,
        }
    ) == [
        ("eventTypes", "order.shipped"),
        ("eventTypes", "order.cancelled"),
        ("orderId", "o1"),
        ("follow", "false"),
        ("majorVersion", "2"),
        ("from", "earliest"),
        ("since", "2026-01-02T03:04:05Z"),
        ("limit", "7"),
    ]


def test_one_name_counts_as_a_list_of_one() -> None:
    assert query({"event_types": "order.shipped", "order_ids": "o1"}) == [
        ("eventTypes", "order.shipped"),
        ("orderId", "o1"),
    ]


@pytest.mark.parametrize(
    ("since", "text"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05Z"),
        (datetime(2026, 1, 2, 3, 4, 5, 600, timezone(timedelta(hours=-3))), "2026-01-02T06:04:05.000600Z"),
    ],
)
def test_time_is_written_as_rfc_3339(since: datetime, text: str) -> None:
    assert query({"since": since}) == [("since", text)]


def test_timedelta_is_a_time_that_long_ago() -> None:
    before = datetime.now(UTC)
    ((name, text),) = query({"since": timedelta(minutes=10)})
    assert name == "since"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", text)
    assert before <= datetime.fromisoformat(text) + timedelta(minutes=10) <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"limit": 0}, "0 events"),
        ({"major_version": 0}, "0 is not a major version"),
        ({"after": "a\nb"}, "'a\\\\nb' cannot be"),
        ({"after": "é"}, "cannot be the id"),
        ({"since": datetime(2026, 1, 2)}, "time zone"),  # noqa: DTZ001  # it must be refused
    ],
)
def test_invalid_option_is_refused_at_once(options: StreamOptions, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        stream_query(options)


def test_empty_id_counts_as_absent() -> None:
    assert stream_query({"after": ""}).after is None
