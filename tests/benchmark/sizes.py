"""The sizes of the full benchmark and of its short form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Sizes:
    """Numbers of subscribers and events, and times in seconds."""

    rounds: int
    seconds: float  # of one measurement
    crowds: tuple[int, ...]  # numbers of subscribers without a filter
    idle_crowd: int
    idle_seconds: float
    order_crowds: tuple[int, int]  # numbers of subscribers that follow one order each
    stored_events: int  # replayed to one subscriber
    stored_for_grpc: int  # the same, over gRPC
    orders: int  # events like those of real orders, whose bytes are counted
    history: int  # events that each replayer reads, repeatedly
    replayers: int
    returning_crowd: int  # subscribers that come back at once after a restart


FULL: Final = Sizes(
    rounds=3,
    seconds=3,
    crowds=(100, 1_000, 5_000),
    idle_crowd=5_000,
    idle_seconds=17,  # every stream has had a heartbeat by then
    order_crowds=(10, 10_000),
    stored_events=1_000_000,
    stored_for_grpc=200_000,
    orders=500,
    history=200_000,
    replayers=100,
    returning_crowd=10_000,
)
QUICK: Final = Sizes(
    rounds=1,
    seconds=1,
    crowds=(100, 1_000),
    idle_crowd=1_000,
    idle_seconds=1,
    order_crowds=(10, 1_000),
    stored_events=100_000,
    stored_for_grpc=20_000,
    orders=200,
    history=20_000,
    replayers=20,
    returning_crowd=1_000,
)

LIVE: Final = 1_000  # subscribers whose latency is measured; also the number in the table of systems
RATE: Final = 20  # events a second for latency
PACE: Final = 50  # events a second of an ordinary busy stream: neither idle nor as fast as possible
BURST: Final = 64
MISSED: Final = 100  # events that were stored while the subscribers were away
