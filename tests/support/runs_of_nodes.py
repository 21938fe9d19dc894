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

Trouble: TypeAlias = Callable[[Node, NatsServer, float], None]


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
                    server = random.choice(_servers(nats))
                    await asyncio.to_thread(TROUBLES[name], random.choice(nodes), server, pause)
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


def _kill_node(node: Node, _server: NatsServer, _pause: float) -> None:
    node.server.kill()
    node.start()


def _terminate_node(node: Node, _server: NatsServer, _pause: float) -> None:
    assert node.server.terminate() == 0
    node.start()


def _pause_node(node: Node, _server: NatsServer, pause: float) -> None:
    node.server.signal(signal.SIGSTOP)
    time.sleep(pause)  # this is the fault itself
    node.server.signal(signal.SIGCONT)


def _kill_server(_node: Node, server: NatsServer, _pause: float) -> None:
    server.kill()
    server.restart()


def _terminate_server(_node: Node, server: NatsServer, _pause: float) -> None:
    server.restart()


def _pause_server(_node: Node, server: NatsServer, pause: float) -> None:
    server.pause()
    time.sleep(pause)  # this is the fault itself
    server.resume()


def _kill_both(node: Node, server: NatsServer, _pause: float) -> None:
    node.server.kill()
    server.kill()
    server.restart()
    node.start()


TROUBLES: dict[str, Trouble] = {
    "node killed": _kill_node,
    "node terminated": _terminate_node,
    "node paused": _pause_node,
    "server killed": _kill_server,
    "server terminated": _terminate_server,
    "server paused": _pause_server,
    "node and server killed": _kill_both,
}
