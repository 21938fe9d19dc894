"""The server under check: how to ask it, what it promises, and what has been seen of it so far."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from app.check.findings import CannotCheck, NotSeen
from app.check.http.event_stream import Stream
from app.check.http.session import Connection
from app.check.published_contract import PAGE, STREAM, PublishedContract
from app.check.request import Pairs, Request
from app.check.target.once import Once
from app.check.target.stored_log import Log

SLACK_SECONDS: Final = 1.0  # what networks and busy machines add to a promised time
SETTLE_SECONDS: Final = 0.2  # for the rest of a write that arrives in pieces


@dataclass(frozen=True, slots=True)
class Options:
    """How to check; the command line says what each is for."""

    max_events: int = 1000
    seed: int = 0
    timeout_seconds: float = 30.0
    heartbeat_seconds: float = 15.0
    quick: bool = False
    publish: bool = False


@dataclass(frozen=True, slots=True)
class Idle:
    """A stream on which nothing happens, and whether a sign of life came in time."""

    stream: Stream
    beat: bool


class Target:
    """What a check is given. Each observation is made when the first check asks for it.

    `opening` is the beginning of a stream that follows; `stored` is the log, read as a stream that ends; `ending` is a finite
    stream and `idle` one that follows, both with a filter that matches nothing.
    """

    def __init__(self, connection: Connection, contract: PublishedContract, options: Options) -> None:
        self.connection = connection
        self.contract = contract
        self.options = options
        self.random = Random(options.seed)
        self.token = uuid.uuid4().hex[:12]  # not of the seed: what is published must be new in every run
        self.events = 0  # how many of the log have been looked at
        self.opening = Once(self._opening)
        self.stored = Once(self._stored)
        self.ending = Once(self._ending)
        self.idle = Once(self._idle)

    def stream(self, *parameters: tuple[str, str], headers: Pairs = ()) -> Request:
        """Ask for a stream that follows."""
        return Request(self.contract.stream_path, parameters, (("Accept", STREAM), *headers))

    def finite(self, *parameters: tuple[str, str], headers: Pairs = ()) -> Request:
        """Ask for a stream of what is stored."""
        return self.stream(*parameters, ("follow", "false"), headers=headers)

    def page(self, *parameters: tuple[str, str]) -> Request:
        return Request(self.contract.stream_path, parameters, (("Accept", PAGE),))

    def read(self, request: Request, events: int) -> Stream:
        """Read a stream until so many order events have come, or it ends."""
        return self.connection.read(request, lambda reader: len(reader.events) >= events)

    def log(self, least: int = 1) -> Log:
        """Give the log to compare with. Raises NotSeen where it has fewer events, or no ids to compare by."""
        log = self.stored()
        if len(log.events) < least:
            raise NotSeen(f"The log holds {len(log.events)} events; this takes {least} at least.")
        if not log.is_usable:
            raise NotSeen("The ids of the log do not name its events (see ids), so nothing can be compared by them.")
        return log

    def read_anew(self) -> None:
        """Forget the log, so that the next check that asks for it reads it again."""
        self.stored = Once(self._stored)

    def observed(self) -> Iterator[Stream]:
        """Give the streams whose frames are looked at."""
        yield self.stored().stream
        yield self.opening()
        yield self.ending()
        if not self.options.quick:
            yield self.idle().stream

    def _opening(self) -> Stream:
        return self.connection.read(self.stream(), lambda reader: bool(reader.blocks))

    def _stored(self) -> Log:
        most = self.options.max_events
        with self.connection.following(self.finite(("from", "earliest"))) as following:
            following.until(lambda reader: len(reader.events) >= most, self.options.timeout_seconds)
            stream = following.stream()
        self.events = min(most, len(stream.events))
        return Log(stream, stream.events[:most], whole=stream.ended)

    def _ending(self) -> Stream:
        request = self.finite(("from", "earliest"), self.nobody)
        return self.connection.read(request, lambda _: False)

    def _idle(self) -> Idle:
        with self.connection.following(self.stream(self.nobody)) as following:
            following.until(lambda reader: bool(reader.blocks), self.options.timeout_seconds)
            opened = len(following.stream().raw)
            within = self.options.heartbeat_seconds + SLACK_SECONDS
            beat = following.until(lambda reader: len(reader.raw) > opened, within)
            if beat:
                following.until(lambda _: False, SETTLE_SECONDS)
            stream = following.stream()
        if stream.ended:
            raise CannotCheck("A stream that follows was ended by the server while nothing happened on it.")
        return Idle(stream, beat)

    @property
    def nobody(self) -> tuple[str, str]:
        """A filter that matches nothing."""
        return ("orderId", f"nobody-{self.token}")
