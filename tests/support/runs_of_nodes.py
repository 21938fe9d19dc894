"""Runs of two nodes on one log in NATS while nodes and NATS servers are killed, terminated and paused.

The suite makes them in short on one NATS server, `make torture` at full size on three.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TypeAlias

from tests.support.checker import Ledger, judge
from tests.support.crowds import following, has_acknowledged, publish_until, stored_log, subscribers_of
from tests.support.nats_server import NatsCluster, NatsServer
from tests.support.nodes import ANY_NODE, Node, open_spreading_client, two_nodes
from tests.support.publishers import Publisher

Trouble: TypeAlias = Callable[[Node, Sequence[NatsServer], float], None]
"""A function that causes a fault of a node, of the first of the servers, or of all of them, and ends it. The number is how long a pause is."""


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
) -> TroubleReport:
    """Cause faults one after the other while publishers and subscribers go to any node; judge what they were sent.

    `troubles`: the faults, by their names in `TROUBLES`. A publisher repeats what was not acknowledged at any node; a subscriber goes on at any node with its last id.
    """
    ledger, report, random, stop = Ledger(), TroubleReport(), Random(seed), asyncio.Event()
    with two_nodes(nats, folder) as nodes:
        readers = subscribers_of(ANY_NODE, subscribers, most_frames=500, seed=seed)
        writers = [Publisher(ANY_NODE, ledger) for _ in range(publishers)]
        async with open_spreading_client(nodes, seed) as client, following(client, readers):
            async with asyncio.TaskGroup() as group:
                for number, writer in enumerate(writers):
                    work = publish_until(
                        stop, writer, client, number, Random(f"{seed} {number}"), most=20, pause_seconds=0.02
                    )
                    group.create_task(work)
                for name in troubles:
                    await has_acknowledged(ledger, random.randint(1, 300))
                    pause = random.uniform(0.2, most_pause_seconds)
                    servers = random.sample(_servers(nats), len(_servers(nats)))
                    await asyncio.to_thread(TROUBLES[name], random.choice(nodes), servers, pause)
                    report.troubles[name] += 1
                await has_acknowledged(ledger, 1)
                stop.set()
            await Publisher(ANY_NODE, ledger).ends(client)
        logs = [stored_log(node.events_url) for node in nodes]
        assert judge(ledger, [*[reader.log for reader in readers], *logs]) == []
    report.acknowledged = len(ledger.acknowledged)
    for writer in writers:
        report.unanswered += writer.unanswered
        report.refused += writer.refused
        report.duplicates += writer.duplicates
    report.connections = sum(reader.connections for reader in readers)
    report.cuts = sum(reader.cuts for reader in readers)
    return report


def troubles_for(seconds: float, seed: int) -> Iterator[str]:
    """Yield names of faults for some time, in random order, each equally often."""
    names, random = [*TROUBLES], Random(seed)
    give_up = time.monotonic() + seconds
    while True:
        random.shuffle(names)
        for name in names:
            if time.monotonic() > give_up:
                return
            yield name


def _servers(nats: NatsServer | NatsCluster) -> Sequence[NatsServer]:
    return [nats] if isinstance(nats, NatsServer) else nats.servers


def _kill_node(node: Node, _servers: Sequence[NatsServer], _pause: float) -> None:
    node.server.kill()
    node.start()


def _terminate_node(node: Node, _servers: Sequence[NatsServer], _pause: float) -> None:
    assert node.server.terminate() == 0
    node.start()


def _pause_node(node: Node, _servers: Sequence[NatsServer], pause: float) -> None:
    node.server.signal(signal.SIGSTOP)
    time.sleep(pause)  # this is the fault itself
    node.server.signal(signal.SIGCONT)


def _kill_server(_node: Node, servers: Sequence[NatsServer], _pause: float) -> None:
    servers[0].kill()
    servers[0].restart()


def _terminate_server(_node: Node, servers: Sequence[NatsServer], _pause: float) -> None:
    servers[0].restart()


def _pause_server(_node: Node, servers: Sequence[NatsServer], pause: float) -> None:
    servers[0].pause()
    time.sleep(pause)  # this is the fault itself
    servers[0].resume()


def _kill_all_servers(_node: Node, servers: Sequence[NatsServer], _pause: float) -> None:
    for server in servers:
        server.kill()
    for server in servers:
        server.start()
    for server in servers:
        server.wait_until_healthy()


def _kill_both(node: Node, servers: Sequence[NatsServer], _pause: float) -> None:
    node.server.kill()
    servers[0].kill()
    servers[0].restart()
    node.start()


TROUBLES: dict[str, Trouble] = {
    "node killed": _kill_node,
    "node terminated": _terminate_node,
    "node paused": _pause_node,
    "server killed": _kill_server,
    "all servers killed": _kill_all_servers,
    "server terminated": _terminate_server,
    "server paused": _pause_server,
    "node and server killed": _kill_both,
}
