"""With which id a consumer may come back that has not read all that a broken connection brought."""

from __future__ import annotations

import pytest

from app.rehearse.observed.expected_ids import expected_ids, thrown_away
from app.rehearse.scenario import Ending, Stream
from tests.rehearse.made_requests import asked, event, seen

BROKEN = [each for each in Ending if each not in (Ending.HOLD, Ending.CLOSING, Ending.SILENCE)]
EVENTS = (event("a"), event("b"), event("c"))


@pytest.mark.parametrize("end", BROKEN)
def test_a_stream_that_was_not_read_to_its_break_is_played_again(end: Ending) -> None:
    request = asked(Stream(end=end), *EVENTS, last_event_id="x")
    assert [id for id in "xabcy" if thrown_away(seen(request), id) is request] == ["x", "a", "b"]


def test_a_consumer_that_comes_with_an_older_id_each_time_is_not_sent_the_same_for_ever() -> None:
    request = asked(Stream(end=Ending.RESET), *EVENTS)
    request.plays = 3
    assert thrown_away(seen(request), "a") is None
    assert expected_ids(seen(request)) == (frozenset("c"), "c")


def test_what_a_consumer_has_applied_it_had_read() -> None:
    request = asked(Stream(end=Ending.CUT_IN_CHARACTER), *EVENTS)
    found = seen(request, applied="ab")
    assert [id for id in "abc" if thrown_away(found, id)] == ["b"]
    request.plays = 3
    assert expected_ids(found)[0] == frozenset("bc")


def test_a_stream_with_an_end_was_read_to_its_end() -> None:
    request = asked(Stream(end=Ending.CLOSING, reason="drain"), *EVENTS)
    assert thrown_away(seen(request), "a") is None
    assert expected_ids(seen(request))[0] == frozenset("c")


def test_a_consumer_that_comes_with_what_it_has_applied_loses_nothing() -> None:
    request = asked(Stream(end=Ending.CLOSING, reason="drain"), *EVENTS, last_event_id="x")
    assert expected_ids(seen(request, applied="ab"))[0] == frozenset("bc")


def test_nothing_is_played_again_if_the_newest_id_is_that_of_before() -> None:
    assert thrown_away(seen(asked(Stream(end=Ending.CUT), event("x"), last_event_id="x")), "x") is None
