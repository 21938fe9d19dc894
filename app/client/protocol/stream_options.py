"""What to ask a server for, as the parameters and headers of a request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypedDict


class StreamOptions(TypedDict, total=False):
    """What to read, from where, and how far; all of it may be left out.

    `event_types`, `order_ids`: only events of these types, and of these orders.
    `after`: go on after the event with this id, as kept from `last_event_id`; None as if left out. It goes before the next two.
    `since`: begin with what the server stored at or after this time, or this long ago; a time is aware, or a text of RFC 3339.
    `from_`: else begin with the `earliest` event that is kept, or with the `latest`, which is what comes from now on (default).
    `limit`: end after this many events.
    `follow`: False ends with what is stored; True (default) waits for what comes.
    `retry_max_seconds`: give up when nothing can be read for this long; None (default) never does.
    """

    event_types: Iterable[str]
    order_ids: Iterable[str]
    after: str | None
    since: datetime | timedelta | str | None
    from_: Literal["earliest", "latest"] | None
    limit: int | None
    follow: bool
    retry_max_seconds: float | None


@dataclass(frozen=True, slots=True)
class StreamRequest:
    """What to ask for in every request, and where to start while there is no id to go on from."""

    parameters: Sequence[tuple[str, str]] = ()
    start: Sequence[tuple[str, str]] = ()
    after: str | None = None
    limit: int | None = None
    follow: bool = True

    def query(self, last_event_id: str | None, remaining: int | None) -> tuple[tuple[str, str], ...]:
        """The parameters of the next request."""
        start = () if last_event_id else self.start
        limit = () if remaining is None else (("limit", str(remaining)),)
        return (*self.parameters, *start, *limit)


def stream_request(options: StreamOptions) -> StreamRequest:
    """Make a request of what a caller asks for. Raises ValueError where no server could make sense of it."""
    limit = options.get("limit")
    if limit is not None and limit < 1:
        raise ValueError(f"A limit of {limit} events asks for nothing; it must be 1 or more.")
    after = options.get("after")
    if after is not None and not can_be_id(after):
        raise ValueError(f"{after!r} cannot be the id of an event.")
    follow = options.get("follow", True)
    start = [("from", options.get("from_")), ("since", _time(options.get("since")))]
    return StreamRequest(
        parameters=[
            *(("eventTypes", each) for each in _each(options.get("event_types", ()))),
            *(("orderId", each) for each in _each(options.get("order_ids", ()))),
            *([] if follow else [("follow", "false")]),
        ],
        start=[(name, value) for name, value in start if value is not None],
        after=after or None,
        limit=limit,
        follow=follow,
    )


def can_be_id(text: str) -> bool:
    """Tell whether a text can be sent as a Last-Event-ID; "" is no id, and can be."""
    return text.isascii() and text.isprintable()


def _each(names: Iterable[str]) -> Iterable[str]:
    return [names] if isinstance(names, str) else names  # one name is a sequence of names too, to Python


def _time(since: datetime | timedelta | str | None) -> str | None:
    moment = datetime.now(UTC) - since if isinstance(since, timedelta) else since
    if not isinstance(moment, datetime):
        return moment
    if moment.utcoffset() is None:
        raise ValueError(f"{moment} could be any of many times; give it a time zone.")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
