"""The events that a sender may read and publish, as a filter. Every transport asks here once for each request, before it reaches the log.

What is returned is a filter like any other, so streams, pages and waiting readers check nothing more. Whether a request is refused
depends on the token and the request alone, never on the log: a reader that is refused learns nothing about the events of others.
"""

from __future__ import annotations

from app.access.errors import Forbidden
from app.access.principal import PUBLISH, READ, Principal
from app.events.filter import EVERYTHING, Filter
from app.specification.schema.messages import quoted


def readable_events(principal: Principal, requested: Filter) -> Filter:
    """Return the filter for a reader: the requested events that it may read.

    Raises InsufficientScope, and Forbidden if the request names an event type or an order that the reader may not read.
    """
    principal.require(READ)
    permission = principal.permission
    if not permission.is_restricted:
        return requested
    return Filter(
        _narrowed("of the type", requested.event_types, permission.event_types),
        _narrowed("of the order", requested.order_ids, permission.order_ids),
        permission.owners,
        restricted=True,
        reading=requested.reading,
    )


def publishable_events(principal: Principal) -> Filter:
    """Return the filter that every event of a publisher must match. Raises InsufficientScope."""
    principal.require(PUBLISH)
    permission = principal.permission
    if not permission.is_restricted:
        return EVERYTHING
    return Filter(permission.event_types, permission.order_ids, permission.owners, restricted=True)


def _narrowed(which: str, requested: frozenset[str] | None, permitted: frozenset[str] | None) -> frozenset[str] | None:
    """Return the requested names, or all permitted names if none is requested. Raises Forbidden if a name is not permitted."""
    if requested is None or permitted is None:
        return permitted if requested is None else requested
    if not requested <= permitted:
        raise Forbidden(f"The access token does not allow events {which} {quoted(min(requested - permitted))}.")
    return requested
