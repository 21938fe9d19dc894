"""The server under check (the target): requests to the server, its published contract, and what has been observed so far."""

from __future__ import annotations

import ssl
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from random import Random
from threading import Lock
from typing import Any, Final, TypeVar

from app.check.findings import CannotCheck, NotSeen, Violated
from app.check.http.event_stream import Stream
from app.check.http.session import Session
from app.check.published_contract import PAGE, STREAM, PublishedContract
from app.check.request import Pairs, Request
from app.check.target.stored_log import StoredLog
from app.check.target.token_claims import restrictions_of

SLACK_SECONDS: Final = 1.0  # what networks and busy machines add to a promised time
SETTLE_SECONDS: Final = 0.2  # for the rest of a write that arrives in pieces

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a run of `orders-events check`; `orders-events check --help` explains each option."""

    max_events: int = 1000
    seed: int = 0
    timeout_seconds: float = 30.0
    heartbeat_seconds: float | None = None
    quick: bool = False
    publish: bool = False
    certificates: ssl.SSLContext | None = None
    grpc: str | None = None
    token: str | None = None
    nodes: Sequence[str] = ()

    @property
    def authorization(self) -> dict[str, str]:
        """The header of the access token; none if there is no token."""
        return {} if self.token is None else {"Authorization": f"Bearer {self.token}"}

    @property
    def restrictions(self) -> Mapping[str, Any]:
        """What the access token is restricted to; empty if it is not."""
        return restrictions_of(self.token or "")


@dataclass(frozen=True, slots=True)
class Idle:
    """An event stream on which no event arrives, and whether the server sent a heartbeat in time.

    A heartbeat is a comment line or a checkpoint event, which shows that the connection is still open.
    """

    stream: Stream
    heartbeat_came: bool


class Target:
    """The server under check; every check function gets it as its argument.

    Each of the following observations is made when a check first asks for it. The result is kept for later checks, also if it is
    an error.
    `opening`: the beginning of a stream that stays open for new events.
    `stored`: the events in the log, read as a stream that ends.
    `ending`: a stream that ends, with a filter that no event matches.
    `idle`: a stream that stays open, with a filter that no event matches.

    `nodes`: the other servers of the same log.
    """

    def __init__(
        self, session: Session, contract: PublishedContract, options: Options, nodes: Sequence[Target] = ()
    ) -> None:
        self.session = session
        self.contract = contract
        self.options = options
        self.nodes = nodes
        self.random = Random(options.seed)
        self.token = uuid.uuid4().hex[:12]  # not from the seed: what is published must be new in every run
        self.events = 0  # how many events of the log have been compared
        self.opening = _once(self._opening)
        self.stored = _once(self._stored)
        self.ending = _once(self._ending)
        self.idle = _once(self._idle)

    @property
    def order_types(self) -> tuple[str, ...]:
        """The types of order events that the contract has and the access token permits."""
        permitted = self.options.restrictions.get("eventTypes")
        return tuple(each for each in self.contract.order_types if permitted is None or each in permitted)

    @property
    def heartbeat_seconds(self) -> float:
        """The longest time without a byte on a stream: by the options if they have it, otherwise by the document."""
        asked = self.options.heartbeat_seconds
        return self.contract.promises.heartbeat_seconds if asked is None else asked

    def stream(self, *parameters: tuple[str, str], headers: Pairs = ()) -> Request:
        """Return a request for a stream that stays open and sends new events."""
        return Request(self.contract.stream_path, parameters, (("Accept", STREAM), *headers))

    def finite(self, *parameters: tuple[str, str], headers: Pairs = ()) -> Request:
        """Return a request for a stream that sends the stored events and then ends."""
        return self.stream(*parameters, ("follow", "false"), headers=headers)

    def page(self, *parameters: tuple[str, str]) -> Request:
        return Request(self.contract.stream_path, parameters, (("Accept", PAGE),))

    def read(self, request: Request, events: int) -> Stream:
        """Read a stream until `events` order events have arrived or the stream ends, and return what was read."""
        return self.session.read(request, lambda reader: len(reader.events) >= events)

    def log(self, least: int = 1) -> StoredLog:
        """Return the events in the server's log, with which a check compares its own observations.

        Raises NotSeen if the log has fewer than `least` events, or if events cannot be compared because ids are missing or
        repeated.
        """
        log = self.stored()
        if len(log.events) < least:
            raise NotSeen(f"The log holds {len(log.events)} events; at least {least} are needed.")
        if not log.is_usable:
            raise NotSeen("Events of the log share ids or have none (see ids), so they cannot be compared by id.")
        return log

    def read_again(self) -> None:
        """Discard the events that were read from the server's log, so that the next check reads the log again."""
        self.stored = _once(self._stored)

    def observed(self) -> Iterator[Stream]:
        """Yield the streams that the checks of frames examine: the stored events, and the three other observed streams."""
        yield self.stored().stream
        yield self.opening()
        yield self.ending()
        if not self.options.quick:
            yield self.idle().stream

    @property
    def matching_nothing(self) -> tuple[str, str]:
        """A query parameter with a filter that no event matches."""
        return ("orderId", f"nobody-{self.token}")

    def _opening(self) -> Stream:
        return self.session.read(self.stream(), lambda reader: bool(reader.blocks))

    def _stored(self) -> StoredLog:
        most = self.options.max_events
        with self.session.following(self.finite(("from", "earliest"))) as following:
            following.until(lambda reader: len(reader.events) >= most, self.options.timeout_seconds)
            stream = following.stream()
        self.events = min(most, len(stream.events))
        return StoredLog(stream, stream.events[:most], whole=stream.ended)

    def _ending(self) -> Stream:
        request = self.finite(("from", "earliest"), self.matching_nothing)
        return self.session.read(request, lambda _: False)

    def _idle(self) -> Idle:
        with self.session.following(self.stream(self.matching_nothing)) as following:
            following.until(lambda reader: bool(reader.blocks), self.options.timeout_seconds)
            opened = len(following.stream().raw)
            within = self.heartbeat_seconds + SLACK_SECONDS
            came = following.until(lambda reader: len(reader.raw) > opened, within)
            if came:
                following.until(lambda _: False, SETTLE_SECONDS)
            stream = following.stream()
        if stream.ended:
            raise CannotCheck("The server ended a stream that follows, although nothing happened on it.")
        return Idle(stream, came)


def _once(observe: Callable[[], _T]) -> Callable[[], _T]:
    """Return a function that calls `observe` at its first call only, and keeps the result or the exception for later calls.

    Checks in several threads may call it.
    """
    kept: Future[_T] = Future()
    turn = Lock()

    def observed() -> _T:
        with turn:
            if not kept.done():
                try:
                    kept.set_result(observe())
                except (CannotCheck, NotSeen, Violated) as error:
                    kept.set_exception(error)
        return kept.result()

    return observed
