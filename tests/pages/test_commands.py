"""A shell splits the commands into the intended words."""

from __future__ import annotations

import json
import shlex

import pytest

from app.pages.markup.commands import filled, publish_command, query_of, quoted, read_command


def test_command_that_follows_does_not_buffer() -> None:
    assert read_command("/events/orders", streams=True, query="from=earliest&limit=1") == (
        "curl -N 'http://127.0.0.1:8000/events/orders?from=earliest&limit=1'\n"
    )
    assert read_command("/health/live") == "curl 'http://127.0.0.1:8000/health/live'\n"


def test_command_that_publishes_sends_any_example_unchanged() -> None:
    body = {"data": {"reason": 'it\'s "broken"\n$HOME `id` \\ é'}}
    *_, option, sent = shlex.split(publish_command("/events/orders", body).replace("\\\n", ""))
    assert option == "-d"
    assert json.loads(sent) == body


@pytest.mark.parametrize("text", ["", "a b", "it's", "'", '$x `y` \\ "z"'])
def test_quoted_text_is_one_word_for_a_shell(text: str) -> None:
    assert shlex.split(quoted(text)) == [text]


@pytest.mark.parametrize(
    ("value", "query"),
    [
        (["order.shipped", "order.cancelled"], "p=order.shipped&p=order.cancelled"),
        ("2024-05-01T10:00:00+02:00", "p=2024-05-01T10:00:00%2B02:00"),
        (False, "p=false"),
        (10, "p=10"),
    ],
)
def test_example_of_a_parameter_is_written_as_in_an_address(value: object, query: str) -> None:
    assert query_of({"name": "p"}, value) == query


def test_parameters_in_a_path_are_replaced() -> None:
    assert filled("/event-types/{eventType}/{version}", {"eventType": "a/b", "version": "1.0.0"}) == (
        "/event-types/a%2Fb/1.0.0"
    )
