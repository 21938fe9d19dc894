"""The options of a stream: which events to ask the server for, and which of the things that it sends to yield."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple, TypeAlias, TypedDict, get_args

from ..errors import EventsLost
from ..events import Checkpoint, Gap, OrderEvent

Gaps: TypeAlias = Literal["raise", "yield"]
Checkpoints: TypeAlias = Literal["skip", "yield"]
StreamItem: TypeAlias = OrderEvent | Gap | Checkpoint


class StreamOptions(TypedDict, total=False):
    """The events to read. Every option may be left out.

    `event_types`, `order_ids`: only events of these types, and of these orders.
    `after`: begin after the event with this id, as kept from `last_event_id`. If it is given, `since` and `from_` are ignored. None
        is the same as leaving it out.
    `since`: begin with the first event that the server stored at or after this time, or so long ago. A `datetime` must have a time
        zone; a text must be an RFC 3339 time.
    `from_`: begin with the `earliest` event that is stored, or with the `latest`: the next one to be published (default).
    `limit`: end after this many events.
    `follow`: False ends after the last event that is stored; True (default) waits for new ones.
    `retry_max_seconds`: raise Unavailable when nothing could be read for this long; None (default) never gives up.
    """

    event_types: Iterable[str]
    order_ids: Iterable[str]
    after: str | None
    since: datetime | timedelta | str | None
    from_: Literal["earliest", "latest"] | None
    limit: int | None
    follow: bool
    retry_max_seconds: float | None


class StreamRequest(NamedTuple):
    """The query parameters and the headers of one request for a stream."""

    query: tuple[tuple[str, str], ...]
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class StreamQuery:
    """The events that a stream asks for, in the words of the HTTP contract.

    `parameters`: query parameters of every request.
    `start`: query parameters of a request only as long as there is no id to resume after.
    `after`: the id to begin after, if any.
    `limit`: how many events to read in all, if there is a limit.
    `follow`: whether to wait for new events.
    """

    parameters: Sequence[tuple[str, str]] = ()
    start: Sequence[tuple[str, str]] = ()
    after: str | None = None
    limit: int | None = None
    follow: bool = True

    def request(self, last_event_id: str | None, remaining: int | None) -> StreamRequest:
        """Make the next request, for the events after `last_event_id` and for `remaining` events at most."""
        start = () if last_event_id else self.start
        limit = () if remaining is None else (("limit", str(remaining)),)
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
        if last_event_id:
            headers["Last-Event-ID"] = last_event_id
        return StreamRequest((*self.parameters, *start, *limit), headers)


def stream_query(options: StreamOptions) -> StreamQuery:
    """Check the options of a caller, and return them as a query. Raises ValueError if no server could answer it."""
    limit = options.get("limit")
    if limit is not None and limit < 1:
        raise ValueError(f"A limit of {limit} events asks for nothing; it must be 1 or more.")
    after = options.get("after")
    if after is not None and not can_be_id(after):
        raise ValueError(f"{after!r} cannot be the id of an event.")
    follow = options.get("follow", True)
    start = [("from", options.get("from_")), ("since", _time(options.get("since")))]
    return StreamQuery(
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


def delivery(gaps: Gaps, checkpoints: Checkpoints) -> Callable[[StreamItem], StreamItem | None]:
    """Return a function that decides which items of a stream are yielded.

    It returns the item to yield, or None to skip it; it raises EventsLost for a gap if `gaps` is "raise". Raises ValueError if an
    argument is not one of its choices.
    """
    _check("gaps", gaps, get_args(Gaps))
    _check("checkpoints", checkpoints, get_args(Checkpoints))

    def deliver(item: StreamItem) -> StreamItem | None:
        if isinstance(item, Gap) and gaps == "raise":
            raise EventsLost(item)
        if isinstance(item, Checkpoint) and checkpoints == "skip":
            return None
        return item

    return deliver


def can_be_id(text: str) -> bool:
    """Return whether a text can be sent as a Last-Event-ID. An empty text can be sent, although it is not an id."""
    return text.isascii() and text.isprintable()


def _check(name: str, choice: str, choices: tuple[str, ...]) -> None:
    if choice not in choices:
        raise ValueError(f"{choice!r} is no choice for {name}; it must be one of {', '.join(map(repr, choices))}.")


def _each(names: Iterable[str]) -> Iterable[str]:
    return [names] if isinstance(names, str) else names  # to Python, a text is an iterable of texts too


def _time(since: datetime | timedelta | str | None) -> str | None:
    moment = datetime.now(UTC) - since if isinstance(since, timedelta) else since
    if not isinstance(moment, datetime):
        return moment
    if moment.utcoffset() is None:
        raise ValueError(f"{moment} could be any of many times; give it a time zone.")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
