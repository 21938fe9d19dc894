"""Admission: how many streams may be open at the same time, in total and for each client.

A stream is what occupies the server for long: an event stream, a WebSocket connection, a call of `Subscribe` over gRPC, or a page
that waits for events. It is admitted just before it begins, and counted until it has ended.
"""

from __future__ import annotations

import resource
import time
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Final, NamedTuple, TypeAlias

from app.access.client import Client, address_key, described_client, principal_key
from app.access.errors import Overloaded, too_many_streams
from app.metrics.tally import Tally

Leave: TypeAlias = Callable[[], object]
"""A function to call once, when a stream that was admitted has ended."""

ENDED_PERIOD_SECONDS: Final = 10.0
OTHER_DESCRIPTORS: Final = 128  # of files: for the log, the listeners, and connections that are not streams


class StreamLimits(NamedTuple):
    """The greatest numbers of streams that may be open at the same time; None means that there is no such limit."""

    total: int | None = None
    per_principal: int | None = None
    per_address: int | None = None


class Admission:
    """The limits on open streams, and the streams that are open now.

    `tally`: counts the refused streams by limit, and logs them. `clock`: returns the time in seconds. `open_streams`: the number of streams
    that are open.
    """

    def __init__(self, limits: StreamLimits, tally: Tally, clock: Callable[[], float] = time.monotonic) -> None:
        self._total = limits.total
        self._per_address = limits.per_address
        self._of_clients = [
            _ClientLimit(name, maximum, key_of)
            for name, maximum, key_of in (
                ("principal", limits.per_principal, principal_key),
                ("address", limits.per_address, address_key),
            )
            if maximum is not None
        ]
        self._leave_uncounted: Leave = partial(self.leave, ())
        self._latest: dict[str, _Timed] = {}  # of the streams that no limit counts, by transport
        self.open_streams = 0
        self._tally = tally
        self._clock = clock
        self._ended: Counter[Hashable] = Counter()  # by address, in the present period
        self._period_ends_at = 0.0

    def admit(self, client: Client, transport: str | None = None) -> Leave:
        """Count a stream of a client from now on. Returns the function to call once the stream has ended.

        `transport`: under which it is counted how long the stream was open, in tenths of a second; None if that does not count. Raises
        Overloaded if the server has as many streams as it may have, TooManyRequests if the client has.
        """
        if self._total is not None and self.open_streams >= self._total:
            self._tally.refuse_stream("total", described_client(client))
            raise Overloaded
        counted = [(limit, key) for limit in self._of_clients if (key := limit.key_of(client)) is not None]
        for limit, key in counted:
            if limit.streams[key] >= limit.maximum:
                self._tally.refuse_stream(limit.name, described_client(client))
                raise too_many_streams()
        for limit, key in counted:
            limit.streams[key] += 1
        self.open_streams += 1
        if transport is not None:
            return self._timed(counted, transport)
        return partial(self.leave, counted) if counted else self._leave_uncounted

    def _timed(self, counted: Counted, transport: str) -> Leave:
        """Return the function to call once a stream has ended. Streams of no limit that begin at nearly the same time share it."""
        began = round(self._clock(), 1)
        if counted:
            return _Timed(self, counted, transport, began)
        latest = self._latest.get(transport)
        if latest is None or latest.began != began:
            latest = self._latest[transport] = _Timed(self, counted, transport, began)
        return latest

    def leave(self, counted: Counted) -> None:
        """Count a stream no longer."""
        self.open_streams -= 1
        for limit, key in counted:
            limit.streams[key] -= 1
            if not limit.streams[key]:
                del limit.streams[key]

    def leave_timed(self, counted: Counted, transport: str, began: float) -> None:
        """Count a stream no longer, but the time that it was open."""
        self.leave(counted)
        self._tally.stream_seconds[transport].observe(max(0.0, self._clock() - began))

    def admits_ended(self, client: Client) -> bool:
        """Return whether a client may have a stream that ends at once, because its access token has expired, and count the stream.

        In each period of 10 seconds an address may have as many of them as it may have open streams. They take no place of those.
        """
        key = address_key(client)
        if self._per_address is None or key is None:
            return True
        now = self._clock()
        if now >= self._period_ends_at:
            self._ended.clear()
            self._period_ends_at = now + ENDED_PERIOD_SECONDS
        if self._ended[key] >= self._per_address:
            self._tally.refuse_stream("address", described_client(client))
            return False
        self._ended[key] += 1
        return True


class _Timed:
    """The function to call once a stream has ended whose time counts. An object of this class is half as large as a `partial`."""

    __slots__ = ("_admission", "_counted", "_transport", "began")

    def __init__(self, admission: Admission, counted: Counted, transport: str, began: float) -> None:
        self._admission = admission
        self._counted = counted
        self._transport = transport
        self.began = began

    def __call__(self) -> None:
        self._admission.leave_timed(self._counted, self._transport, self.began)


class _ClientLimit:
    """A limit on the streams of one client.

    `name`: under which refusals are counted. `key_of`: returns what the streams of one client have in common; None if the streams of
    this client are not counted. `streams`: the number of open streams by key.
    """

    def __init__(self, name: str, maximum: int, key_of: Callable[[Client], Hashable | None]) -> None:
        self.name = name
        self.maximum = maximum
        self.key_of = key_of
        self.streams: Counter[Hashable] = Counter()


def streams_by_descriptors() -> int | None:
    """Return how many streams the process can have, each of which needs a file descriptor; None if they are not limited."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if descriptors == resource.RLIM_INFINITY else max(descriptors - OTHER_DESCRIPTORS, 1)


Counted: TypeAlias = Sequence[tuple[_ClientLimit, Hashable]]
"""The limits that count a stream, each with the key of its client."""
