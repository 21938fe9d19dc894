"""The targets of the other transports: WebSocket, gRPC, and streams that are compressed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from tests.benchmark.judging import Figure, Target
from tests.benchmark.other_transports import GRPCIO, NODE_WS, WEBSOCKETS
from tests.benchmark.ours import OURS, OURS_GRPC, OURS_GZIP, OURS_WEBSOCKET
from tests.benchmark.sizes import BURST, LIVE, Sizes
from tests.benchmark.systems import System

_COST: Final = "cpu_us_per_delivery"
_MEMORY: Final = "memory_kb_per_stream"
_RATE: Final = "events_per_second"


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two systems that are compared by their figures: the first one over the second one."""

    system: System
    other: System

    def target(self, title: str, scenario: str, name: str, least: float, aim: float) -> Target:
        return Target(
            title,
            Figure(scenario, name, self.system.name),
            of=Figure(scenario, name, self.other.name),
            least=least,
            aim=aim,
        )


def transport_targets(sizes: Sizes) -> list[Target]:
    """Return the targets, in the order in which they are shown."""
    idle = f"idle-{sizes.idle_crowd}"
    return [*_websocket(idle), *_grpc(idle, sizes.stored_for_grpc), *_gzip(idle, sizes)]


def _websocket(idle: str) -> list[Target]:
    one, burst = f"one-{LIVE}", f"burst-{LIVE}"
    sse, node, python = (_Pair(OURS_WEBSOCKET, each) for each in (OURS, NODE_WS, WEBSOCKETS))
    return [
        sse.target("WebSocket: CPU per delivery, one event per wake-up, against our SSE", one, _COST, 1.2, 1.05),
        node.target("the same against Node's ws", one, _COST, 1.0, 0.85),
        python.target("the same against Python's websockets, broadcast", one, _COST, 1.0, 0.85),
        node.target(f"WebSocket: bursts of {BURST}, against Node's ws", burst, _COST, 1 / 20, 1 / 40),
        sse.target("WebSocket: memory of an idle connection, against our SSE", idle, _MEMORY, 1.5, 1.2),
    ]


def _grpc(idle: str, stored: int) -> list[Target]:
    plain = _Pair(OURS_GRPC, GRPCIO)
    replay = Figure(f"grpc-{stored}", _RATE, OURS_GRPC.name)
    return [
        plain.target(
            f"gRPC: bursts of {BURST}, against one message an event on grpcio", f"burst-{LIVE}", _COST, 1 / 20, 1 / 40
        ),
        plain.target("gRPC: one event per wake-up, against the same", f"one-{LIVE}", _COST, 1.2, 1.0),
        plain.target("gRPC: memory of an idle stream, against the same", idle, _MEMORY, 1.2, 1.0),
        Target(
            f"gRPC: replay of {stored:,} stored events to one subscriber",
            replay,
            of=None,
            least=60_000,
            aim=150_000,
            unit="/s",
            more_is_better=True,
        ),
    ]


def _gzip(idle: str, sizes: Sizes) -> list[Target]:
    plain = _Pair(OURS_GZIP, OURS)
    replay = f"replay-{sizes.stored_events}"
    memory = plain.target("gzip: memory of an idle stream, more than plain", idle, _MEMORY, 1, 0)
    rate = plain.target(
        f"gzip: replay of {sizes.stored_events:,} to one reader, against plain", replay, _RATE, 0.5, 0.8
    )
    return [
        plain.target(
            "gzip: bytes of orders sent one by one, against plain",
            f"bytes-{sizes.orders}",
            "bytes_per_event",
            0.5,
            0.42,
        ),
        plain.target("gzip: CPU per delivery, one event per wake-up, against plain", f"one-{LIVE}", _COST, 1.2, 1.05),
        plain.target(f"gzip: bursts of {BURST}, against plain", f"burst-{LIVE}", _COST, 1.2, 1.0),
        replace(memory, unit=" KB", is_difference=True),
        replace(rate, more_is_better=True),
    ]
