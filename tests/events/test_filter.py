from __future__ import annotations

import pytest

from app.events.filter import EVERYTHING, Filter
from tests.events.logs import event

BOTH = frozenset({"order.shipped", "order.cancelled"})


@pytest.mark.parametrize(
    ("filter", "matches"),
    [
        (EVERYTHING, True),
        (Filter(event_types=frozenset({"order.shipped"})), True),
        (Filter(event_types=BOTH), True),
        (Filter(event_types=frozenset({"order.cancelled"})), False),
        (Filter(event_types=frozenset()), False),
        (Filter(order_ids=frozenset({"or_1"})), True),
        (Filter(order_ids=frozenset({"or_1", "or_2"})), True),
        (Filter(order_ids=frozenset({"or_2"})), False),
        (Filter(order_ids=frozenset({"OR_1"})), False),
        (Filter(event_types=BOTH, order_ids=frozenset({"or_1"})), True),
        (Filter(event_types=frozenset({"order.cancelled"}), order_ids=frozenset({"or_1"})), False),
        (Filter(event_types=BOTH, order_ids=frozenset({"or_2"})), False),
    ],
)
def test_an_event_matches_by_type_and_by_order(filter: Filter, *, matches: bool) -> None:
    assert filter.matches(event("e-1", "order.shipped", "or_1")) is matches


def test_readers_that_want_the_same_share_one_filter() -> None:
    assert {Filter(BOTH, frozenset({"a"})): 1}[Filter(frozenset(BOTH), frozenset({"a"}))] == 1
