"""The options of a stream: which events to request from the server, and which items of the stream to yield to the caller."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple, TypeAlias, TypedDict, get_args

from ..errors import EventsLost
from ..events import Checkpoint, Gap, OrderEvent

Gaps: TypeAlias = Literal["raise", "yield"]
Checkpoints: TypeAlias = Literal["skip", "yield"]
StreamItem: TypeAlias = OrderEvent | Gap | Checkpoint

_LISTS: Final = frozenset({"eventTypes", "orderId"})
_VALUES: Final[Mapping[str, Callable[[str], object]]] = {
    "follow": lambda text: text != "false",
    "limit": int,
    "majorVersion": int,
}


class StreamOptions(TypedDict, total=False):
    """Keyword arguments that choose the events to read. All are optional.

    `event_types`: only events of these types. `order_ids`: only events of these orders.
    `after`: begin after this position, a stored `last_event_id`. `since` and `from_` are ignored then. None is the same as no `after`.
    `since`: begin with the first event that the server stored at or after this time. A `datetime` must have a time zone, a string must
        be an RFC 3339 time, and a `timedelta` is a time before now.
    `from_`: "earliest" begins with the oldest event that is stored; "latest" (default) with the next event that is published.
    `limit`: end after this many events.
    `follow`: False ends the stream after the last event that is stored; True (default) waits for new events.
    `major_version`: read the events in this major version of their schemas. None (default): in the oldest one that there is.
    `retry_max_seconds`: raise Unavailable if nothing could be read for this long; None (default): never give up.
    """

    event_types: Iterable[str]
    order_ids: Iterable[str]
    after: str | None
    since: datetime | timedelta | str | None
    from_: Literal["earliest", "latest"] | None
    limit: int | None
    follow: bool
    major_version: int | None
    retry_max_seconds: float | None


class StreamRequest(NamedTuple):
    """One request for a stream: the parameters of the contract, and the id to go on after, if there is one."""

    query: tuple[tuple[str, str], ...]
    last_event_id: str | None

    @property
    def headers(self) -> dict[str, str]:
        """The headers of this request over HTTP."""
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
        return {**headers, "Last-Event-ID": self.last_event_id} if self.last_event_id else headers

    @property
    def members(self) -> dict[str, Any]:
        """The request as the members of a JSON object, for transports that send it as a message."""
        members: dict[str, Any] = {}
        for name, text in self.query:
            if name in _LISTS:
                members.setdefault(name, []).append(text)
            else:
                members[name] = _VALUES.get(name, str)(text)
        return {**members, "lastEventId": self.last_event_id} if self.last_event_id else members


@dataclass(frozen=True, slots=True)
class StreamQuery:
    """The events that a stream requests, as the parameters of the HTTP contract.

    `parameters`: the query parameters of every request.
    `start`: further query parameters, sent only until the client has received an id at which it can resume.
    `after`: the id of the position to begin after, if there is one.
    `limit`: how many events to read over all connections together, if there is a limit.
    `follow`: whether to wait for new events.
    """

    parameters: Sequence[tuple[str, str]] = ()
    start: Sequence[tuple[str, str]] = ()
    after: str | None = None
    limit: int | None = None
    follow: bool = True

    def request(self, last_event_id: str | None, remaining: int | None) -> StreamRequest:
        """Return the request for the events after `last_event_id`, and for at most `remaining` of them (None: without a limit)."""
        start = () if last_event_id else self.start
        limit = () if remaining is None else (("limit", str(remaining)),)
        return StreamRequest((*self.parameters, *start, *limit), last_event_id)


def stream_query(options: StreamOptions) -> StreamQuery:
    """Check the options of a caller, and convert them into a query. Raises ValueError if an option has a value that cannot be sent."""
    limit = options.get("limit")
    if limit is not None and limit < 1:
        raise ValueError(f"A limit of {limit} events asks for nothing; it must be 1 or more.")
    major_version = options.get("major_version")
    if major_version is not None and major_version < 1:
        raise ValueError(f"{major_version} is not a major version; it must be 1 or more.")
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
            *([] if major_version is None else [("majorVersion", str(major_version))]),
        ],
        start=[(name, value) for name, value in start if value is not None],
        after=after or None,
        limit=limit,
        follow=follow,
    )


def delivery(gaps: Gaps, checkpoints: Checkpoints) -> Callable[[StreamItem], StreamItem | None]:
    """Return a function that decides which items of a stream are yielded. Raises ValueError if an argument is not one of its choices.

    The returned function takes an item. It returns the item to yield it, or None to skip it, and it raises EventsLost if the item is a
    gap and `gaps` is "raise".
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
    """Return whether a string can be sent in the header Last-Event-ID. The empty string can be sent, although it is not an id."""
    return text.isascii() and text.isprintable()


def _check(name: str, choice: str, choices: tuple[str, ...]) -> None:
    if choice not in choices:
        raise ValueError(
            f"{choice!r} is not a valid value for {name}; it must be one of {', '.join(map(repr, choices))}."
        )


def _each(names: Iterable[str]) -> Iterable[str]:
    return [names] if isinstance(names, str) else names  # a string is an iterable of strings, too


def _time(since: datetime | timedelta | str | None) -> str | None:
    moment = datetime.now(UTC) - since if isinstance(since, timedelta) else since
    if not isinstance(moment, datetime):
        return moment
    if moment.utcoffset() is None:
        raise ValueError(f"{moment} could be any of many times; give it a time zone.")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
