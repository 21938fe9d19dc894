"""What a sender may read and publish, as a filter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from app.access.errors import Forbidden, InsufficientScope
from app.access.permitted_events import publishable_events, readable_events
from app.access.principal import ANONYMOUS, OBSERVE, PUBLISH, READ, Permission, Principal
from app.events.filter import EVERYTHING, Filter


def filter_of(types: Iterable[str] | None, orders: Iterable[str] | None, owners: Iterable[str] | None) -> Filter:
    event_types, order_ids, of = (None if names is None else frozenset(names) for names in (types, orders, owners))
    return Filter(event_types, order_ids, of)


def sender(permitted: Filter = EVERYTHING, *scopes: str) -> Principal:
    permission = Permission(permitted.event_types, permitted.order_ids, permitted.owners)
    return Principal("https://issuer.example", "s", frozenset(scopes or {READ, PUBLISH}), permission)


@pytest.mark.parametrize(
    ("permitted", "requested", "readable"),
    [
        (EVERYTHING, EVERYTHING, EVERYTHING),
        (EVERYTHING, filter_of("ab", "x", None), filter_of("ab", "x", None)),
        (filter_of("ab", None, None), EVERYTHING, filter_of("ab", None, None)),
        (filter_of("ab", None, None), filter_of("a", "x", None), filter_of("a", "x", None)),
        (filter_of(None, "xy", "m"), EVERYTHING, filter_of(None, "xy", "m")),
        (filter_of(None, "xy", "m"), filter_of("c", "y", None), filter_of("c", "y", "m")),
        (filter_of("", None, None), EVERYTHING, filter_of("", None, None)),
    ],
)
def test_a_reader_gets_what_it_requests_and_may_read(permitted: Filter, requested: Filter, readable: Filter) -> None:
    assert readable_events(sender(permitted), requested) == replace(readable, restricted=permitted != EVERYTHING)


@pytest.mark.parametrize(
    ("permitted", "requested", "message"),
    [
        (filter_of("ab", None, None), filter_of("ac", None, None), "of the type 'c'"),
        (filter_of(None, "xy", "m"), filter_of(None, "xzw", None), "of the order 'w'"),
        (filter_of("", None, None), filter_of("a", None, None), "of the type 'a'"),
    ],
)
def test_a_named_type_or_order_that_is_not_permitted_is_refused(
    permitted: Filter, requested: Filter, message: str
) -> None:
    with pytest.raises(Forbidden) as raised:
        readable_events(sender(permitted), requested)
    assert str(raised.value) == f"The access token does not allow events {message}."


def test_a_publisher_may_publish_what_its_token_permits() -> None:
    assert publishable_events(sender(filter_of("a", None, "mn"))) == replace(
        filter_of("a", None, "mn"), restricted=True
    )
    assert publishable_events(sender()) is EVERYTHING


def test_reading_and_publishing_need_their_scopes() -> None:
    with pytest.raises(InsufficientScope, match=READ):
        readable_events(sender(EVERYTHING, PUBLISH, OBSERVE), EVERYTHING)
    with pytest.raises(InsufficientScope, match=PUBLISH):
        publishable_events(sender(EVERYTHING, READ, OBSERVE))


def test_without_keys_everything_is_permitted() -> None:
    assert readable_events(ANONYMOUS, EVERYTHING) is EVERYTHING
    assert publishable_events(ANONYMOUS) is EVERYTHING
