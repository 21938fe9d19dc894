"""A frame: one event of a stream, in the same form for every transport."""

from __future__ import annotations

from typing import Any, NamedTuple


class Frame(NamedTuple):
    """One event of a stream: an order event, or a control event, whose type begins with `stream.`.

    `event`: the type of the event. `id`: the position of the event; "" if it has none. `data`: None if it is not a JSON object.
    `retry_ms`: the wait that the server asks for before the next connection; None: the one that it asked for before.
    """

    event: str
    id: str
    data: dict[str, Any] | None
    retry_ms: int | None = None
