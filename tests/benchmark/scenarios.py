"""The scenarios: the systems that take part in each, the use of the driver, and the figures from its report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.benchmark import counting, delivering, returning, storing
from tests.benchmark.running import Report
from tests.benchmark.sizes import BURST, LIVE, MISSED, PACE, RATE, Sizes
from tests.benchmark.systems import System


@dataclass(frozen=True, slots=True)
class Scenario:
    """One measurement of one system.

    `measure`: called with the system and an empty scratch folder; returns the driver's report.
    `figures`: turns the report into figures by name.
    `takes_part`: returns whether a system is measured that names no scenarios itself.
    `keeps_quantiles`: whether the results have the whole distribution of the latency, for a chart.
    """

    name: str
    title: str
    measure: Callable[[System, Path], Report]
    figures: Callable[[Report], dict[str, float]]
    takes_part: Callable[[System], bool]
    keeps_quantiles: bool = False

    def measures(self, system: System) -> bool:
        return self.name.split("-")[0] in system.scenarios if system.scenarios else self.takes_part(system)


def _any(_: System) -> bool:
    return True


def _plain(system: System) -> bool:
    return not system.other_transport


def _paced(system: System) -> bool:
    return _plain(system) and system.paced


def _keeps(system: System) -> bool:
    return _plain(system) and system.keeps


def _keeps_for_sse(system: System) -> bool:
    return system.keeps and system.protocol == "sse"


def _keeps_for_grpc(system: System) -> bool:
    return system.keeps and system.protocol == "grpc"


def scenarios(sizes: Sizes) -> list[Scenario]:
    """Return all scenarios, in the order in which they are measured."""
    return [*_of_delivery(sizes), *_of_logs(sizes), *_of_transports(sizes)]


def _of_delivery(sizes: Sizes) -> list[Scenario]:
    crowds = [(crowd, burst) for burst in (1, BURST) for crowd in sizes.crowds]
    return [
        *(
            Scenario(
                f"{'one' if burst == 1 else 'burst'}-{crowd}",
                f"{'One event per wake-up' if burst == 1 else f'Bursts of {burst}'}, {crowd:,} subscribers",
                delivering.in_lockstep(crowd, burst, sizes.seconds),
                delivering.delivery_figures,
                takes_part=_any if crowd == LIVE else _plain if burst == 1 else _paced,
            )
            for crowd, burst in crowds
        ),
        Scenario(
            f"latency-{LIVE}",
            f"Latency, {LIVE:,} subscribers, {RATE} events a second",
            delivering.at_rate(LIVE, RATE, 2 * sizes.seconds),
            delivering.latency_figures,
            takes_part=_plain,
            keeps_quantiles=True,
        ),
        Scenario(
            f"paced-{LIVE}",
            f"An ordinary busy stream: {LIVE:,} subscribers, {PACE} events a second",
            delivering.at_rate(LIVE, PACE, 2 * sizes.seconds),
            delivering.paced_figures,
            takes_part=_paced,
        ),
        Scenario(
            f"idle-{sizes.idle_crowd}",
            f"Accepting and keeping {sizes.idle_crowd:,} streams",
            delivering.idle(sizes.idle_crowd, sizes.idle_seconds),
            delivering.idle_figures(sizes.idle_crowd),
            takes_part=_any,
        ),
    ]


def _of_logs(sizes: Sizes) -> list[Scenario]:
    return [
        *(
            Scenario(
                f"orders-{crowd}",
                f"{crowd:,} subscribers, each on its own order",
                delivering.by_order(crowd, sizes.seconds),
                delivering.event_figures,
                takes_part=_keeps,
            )
            for crowd in sizes.order_crowds
        ),
        *(
            Scenario(
                f"publish-{batch}",
                f"Publishing, {batch} a request, {in_flight} requests in flight",
                storing.publishing(batch, in_flight, sizes.seconds),
                storing.publishing_figures,
                takes_part=_keeps,
            )
            for batch, in_flight in ((500, 4), (1, 64))
        ),
        Scenario(
            f"replay-{sizes.stored_events}",
            f"Replay of {sizes.stored_events:,} stored events to one subscriber",
            storing.replaying(sizes.stored_events),
            storing.replay_figures,
            takes_part=_keeps_for_sse,
        ),
        Scenario(
            f"return-{sizes.returning_crowd}",
            f"{sizes.returning_crowd:,} subscribers that come back at once after a restart, and missed {MISSED} events",
            returning.returning(sizes.returning_crowd),
            returning.returning_figures,
            takes_part=_keeps,
        ),
        *(
            Scenario(
                f"beside-{replayers}",
                f"Latency, {LIVE:,} subscribers, {RATE} events a second, beside {replayers} that replay",
                storing.beside_replayers(LIVE, replayers, sizes.history, 2 * sizes.seconds),
                storing.beside_figures,
                takes_part=_keeps,
            )
            for replayers in (0, sizes.replayers)
        ),
    ]


def _of_transports(sizes: Sizes) -> list[Scenario]:
    return [
        Scenario(
            f"grpc-{sizes.stored_for_grpc}",
            f"Replay of {sizes.stored_for_grpc:,} stored events to one subscriber over gRPC",
            storing.replaying(sizes.stored_for_grpc),
            storing.replay_figures,
            takes_part=_keeps_for_grpc,
        ),
        Scenario(
            f"bytes-{sizes.orders}",
            f"Bytes of {sizes.orders:,} simulated orders, sent one by one",
            counting.counting(sizes.orders),
            counting.byte_figures,
            takes_part=_keeps_for_sse,
        ),
    ]
