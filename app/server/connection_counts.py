"""What is counted of the connections of one server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final, get_args

from app.server.connections.request_head import RefusalStatus

# Each number from the start: an alert sees an increase only from a number that was there before.
_CUTS: Final = ("request", "head", "body", "reader", "close")
_REFUSALS: Final = tuple(map(str, get_args(RefusalStatus)))


@dataclass(slots=True)
class ConnectionCounts:
    """Counts of the connections of one server since it started.

    `open`: the connections that are open now. `cuts`: the number of connections that were closed because the client was too slow, for
    each thing that the server waited for: a `request`, its `head` or `body`, the `reader` of a response, or the `close` by the client.
    `refusals`: the number of requests that were refused because they are not valid HTTP or too large, for each status.
    """

    open: Collection[object] = ()
    cuts: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(_CUTS, 0)))
    refusals: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(_REFUSALS, 0)))
