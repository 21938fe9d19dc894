"""Faults of nodes, of NATS servers and of the network between them. Each function causes one and ends it."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from tests.support.loopback_network import Network
from tests.support.nats_cluster import NatsCluster, restart_all
from tests.support.nats_server import NatsServer
from tests.support.nodes import STREAM, Node, servers_of

LAME_DUCK_SECONDS = 60  # a server in lame duck mode ends within some seconds, on a busy machine too
REFUSED_SECONDS = 60  # a node without a quorum refuses to publish after five seconds


@dataclass(frozen=True, slots=True)
class Scene:
    """What a fault may harm. `node` and `servers[0]` are chosen at random.

    `pause`: the seconds that a fault lasts that ends by itself. `refused`: returns how many requests were answered 503 so far.
    """

    nats: NatsServer | NatsCluster
    nodes: Sequence[Node]
    network: Network | None
    node: Node
    servers: Sequence[NatsServer]
    pause: float
    refused: Callable[[], int]

    @property
    def links(self) -> Network:
        assert self.network is not None, "This fault needs a network."
        return self.network

    @property
    def names(self) -> list[str]:
        """The names of the servers."""
        return [server.name for server in self.servers]


Trouble: TypeAlias = Callable[[Scene], None]


def choose_scene(
    nats: NatsServer | NatsCluster,
    nodes: Sequence[Node],
    network: Network | None,
    random: Random,
    most_pause_seconds: float,
    refused: Callable[[], int],
) -> Scene:
    """Choose at random what the next fault harms, and for how long."""
    servers = servers_of(nats)
    pause = random.uniform(0.2, most_pause_seconds)
    return Scene(nats, nodes, network, random.choice(nodes), random.sample(servers, len(servers)), pause, refused)


def troubles_for(seconds: float, seed: int, names: Sequence[str]) -> Iterator[str]:
    """Yield names of faults for some time, in random order, each equally often."""
    names, random = [*names], Random(seed)
    give_up = time.monotonic() + seconds
    while True:
        random.shuffle(names)
        for name in names:
            if time.monotonic() > give_up:
                return
            yield name


def _kill_node(scene: Scene) -> None:
    scene.node.server.kill()
    scene.node.start()


def _terminate_node(scene: Scene) -> None:
    assert scene.node.server.terminate() == 0
    scene.node.start()


def _pause_node(scene: Scene) -> None:
    scene.node.server.signal(signal.SIGSTOP)
    time.sleep(scene.pause)  # this is the fault itself
    scene.node.server.signal(signal.SIGCONT)


def _kill_server(scene: Scene) -> None:
    scene.servers[0].kill()
    scene.servers[0].restart()


def _terminate_server(scene: Scene) -> None:
    scene.servers[0].restart()


def _pause_server(scene: Scene) -> None:
    scene.servers[0].pause()
    time.sleep(scene.pause)  # this is the fault itself
    scene.servers[0].resume()


def _kill_all_servers(scene: Scene) -> None:
    for server in scene.servers:
        server.kill()
    restart_all(scene.servers)


def _kill_both(scene: Scene) -> None:
    scene.node.server.kill()
    scene.servers[0].kill()
    scene.servers[0].restart()
    scene.node.start()


def _lame_ducks(scene: Scene) -> None:
    """Let each server prepare its end, as an orchestrator does, and start it again, one after the other."""
    for server in scene.servers:
        server.send(signal.SIGUSR2)
        server.wait_until_ended(LAME_DUCK_SECONDS)
        restart_all([server])


def _leader_alone(scene: Scene) -> None:
    """Leave the leader of the stream alone until publishers have been refused. What they repeat may be in its log then."""
    assert isinstance(scene.nats, NatsCluster)
    leader = scene.nats.leader(STREAM)
    others = [server for server in scene.servers if server is not leader]
    for server in others:
        server.kill()
    _wait_until_refused(scene)
    restart_all(others)


def _wait_until_refused(scene: Scene) -> None:
    before, give_up = scene.refused(), time.monotonic() + REFUSED_SECONDS
    while scene.refused() == before:
        assert time.monotonic() < give_up, "No publisher was refused, although there is no quorum."
        time.sleep(0.05)  # nothing announces it


def _cut_server_off(scene: Scene) -> None:
    one, *others = scene.names
    with scene.links.cut([one], others):
        time.sleep(scene.pause)  # this is the fault itself


def _hold_server_back(scene: Scene) -> None:
    one, *others = scene.names
    with scene.links.hold([one], others, lose=True):
        time.sleep(scene.pause)  # this is the fault itself


def _cut_two_servers(scene: Scene) -> None:
    one, other, *_ = scene.names
    with scene.links.cut([one], [other]):
        time.sleep(scene.pause)  # this is the fault itself


def _cut_all_servers(scene: Scene) -> None:
    with scene.links.cut(scene.names, scene.names):
        time.sleep(scene.pause)  # this is the fault itself


def _cut_node_off(scene: Scene) -> None:
    with scene.links.cut([scene.node.name], scene.names):
        time.sleep(scene.pause)  # this is the fault itself


def _hold_node_back(scene: Scene) -> None:
    with scene.links.hold([scene.node.name], scene.names):
        time.sleep(scene.pause)  # this is the fault itself


def _lose_what_node_sends(scene: Scene) -> None:
    with scene.links.hold([scene.node.name], scene.names, lose=True):
        time.sleep(scene.pause)  # this is the fault itself


def _cut_nodes_from_server(scene: Scene) -> None:
    with scene.links.cut([node.name for node in scene.nodes], scene.names[:1]):
        time.sleep(scene.pause)  # this is the fault itself


PROCESS_TROUBLES: Mapping[str, Trouble] = {
    "node killed": _kill_node,
    "node terminated": _terminate_node,
    "node paused": _pause_node,
    "server killed": _kill_server,
    "all servers killed": _kill_all_servers,
    "server terminated": _terminate_server,
    "server paused": _pause_server,
    "node and server killed": _kill_both,
}
CLUSTER_TROUBLES: Mapping[str, Trouble] = {
    "each server in lame duck mode": _lame_ducks,
    "leader left alone": _leader_alone,
}
NETWORK_TROUBLES: Mapping[str, Trouble] = {
    "server cut off from the others": _cut_server_off,
    "server held back from the others": _hold_server_back,
    "two servers cut off from each other": _cut_two_servers,
    "all servers cut off from each other": _cut_all_servers,
    "node cut off from the servers": _cut_node_off,
    "node held back from the servers": _hold_node_back,
    "what a node exchanges with the servers lost": _lose_what_node_sends,
    "both nodes cut off from one server": _cut_nodes_from_server,
}
TROUBLES: Mapping[str, Trouble] = {**PROCESS_TROUBLES, **CLUSTER_TROUBLES, **NETWORK_TROUBLES}
