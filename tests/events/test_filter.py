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
        (Filter(owners=frozenset({"me_1"})), True),
        (Filter(owners=frozenset({"me_2", "me_1"})), True),
        (Filter(owners=frozenset({"me_2"})), False),
        (Filter(owners=frozenset()), False),
        (Filter(order_ids=frozenset({"or_1"}), owners=frozenset({"me_1"})), True),
        (Filter(order_ids=frozenset({"or_2"}), owners=frozenset({"me_1"})), False),
        (Filter(event_types=frozenset({"order.cancelled"}), owners=frozenset({"me_1"})), False),
    ],
)
def test_an_event_matches_by_type_by_order_and_by_owner(filter: Filter, *, matches: bool) -> None:
    assert filter.matches(event("e-1", "order.shipped", "or_1", "me_1")) is matches


def test_an_event_without_an_owner_matches_if_no_owners_are_named() -> None:
    assert Filter().matches(event("e-1"))
    assert not Filter(owners=frozenset({"me_1"})).matches(event("e-1"))


def test_readers_that_want_the_same_share_one_filter() -> None:
    assert {Filter(BOTH, frozenset({"a"})): 1}[Filter(frozenset(BOTH), frozenset({"a"}))] == 1
