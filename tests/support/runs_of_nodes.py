"""Runs of two nodes on one log in NATS while nodes, NATS servers and the network between them fail.

The suite makes them in short on one NATS server, `make torture` at full size on three.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TypeAlias

from tests.support.checker import Ledger, SubscriberLog, judge
from tests.support.crowds import following, has_acknowledged, publish_until, stored_log, subscribers_of
from tests.support.loopback_network import Network
from tests.support.nats_cluster import NatsCluster
from tests.support.nats_server import NatsServer
from tests.support.node_troubles import TROUBLES, choose_scene
from tests.support.nodes import ANY_NODE, Node, open_spreading_client, two_nodes
from tests.support.publishers import Publisher

Watch: TypeAlias = Callable[[Sequence[Node]], AbstractAsyncContextManager[Sequence[SubscriberLog]]]
"""A function that lets further readers follow some nodes. At the end of the context they have read the last events."""


@asynccontextmanager
async def _nobody(_nodes: Sequence[Node]) -> AsyncIterator[Sequence[SubscriberLog]]:
    yield ()


@dataclass(slots=True)
class TroubleReport:
    """The figures of a run. `troubles`: how often each fault was caused."""

    acknowledged: int = 0
    unanswered: int = 0
    refused: int = 0
    duplicates: int = 0
    connections: int = 0
    cuts: int = 0
    troubles: Counter[str] = field(default_factory=Counter)


async def troubled_nodes(
    nats: NatsServer | NatsCluster,
    folder: Path,
    *,
    troubles: Iterable[str],
    subscribers: int,
    publishers: int,
    seed: int,
    most_pause_seconds: float = 5,
    network: Network | None = None,
    watch: Watch = _nobody,
) -> TroubleReport:
    """Cause faults one after the other while publishers and subscribers go to any node; judge what they were sent.

    `troubles`: the faults, by their names in `TROUBLES`. `network`: the network over which the nodes reach the NATS servers; None if
    they connect directly. A publisher repeats what was not acknowledged at any node; a subscriber goes on at any node with its last id.
    """
    ledger, report, random, stop = Ledger(), TroubleReport(), Random(seed), asyncio.Event()
    writers = [Publisher(ANY_NODE, ledger) for _ in range(publishers)]
    readers = subscribers_of(ANY_NODE, subscribers, most_frames=500, seed=seed)

    def refused() -> int:
        return sum(writer.refused for writer in writers)

    async def cause_troubles() -> None:
        for name in troubles:
            await has_acknowledged(ledger, random.randint(1, 300))
            scene = choose_scene(nats, nodes, network, random, most_pause_seconds, refused)
            await asyncio.to_thread(TROUBLES[name], scene)
            report.troubles[name] += 1
        await has_acknowledged(ledger, 1)
        stop.set()

    with two_nodes(nats, folder, network=network) as nodes:
        async with (
            open_spreading_client(nodes, seed) as client,
            following(client, readers),
            watch(nodes) as watched,
        ):
            async with asyncio.TaskGroup() as group:
                for number, writer in enumerate(writers):
                    work = publish_until(
                        stop, writer, client, number, Random(f"{seed} {number}"), most=20, pause_seconds=0.02
                    )
                    group.create_task(work)
                group.create_task(cause_troubles())
            await Publisher(ANY_NODE, ledger).ends(client)
        logs = [stored_log(node.events_url) for node in nodes]
        assert judge(ledger, [*[reader.log for reader in readers], *watched, *logs]) == []
    report.acknowledged = len(ledger.acknowledged)
    report.unanswered = sum(writer.unanswered for writer in writers)
    report.refused = refused()
    report.duplicates = sum(writer.duplicates for writer in writers)
    report.connections = sum(reader.connections for reader in readers)
    report.cuts = sum(reader.cuts for reader in readers)
    return report
