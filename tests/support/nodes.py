"""Several servers on one log in NATS, each a process of its own, and a client that sends each request to any of them."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from random import Random

import httpx

from tests.support.loopback_network import Network
from tests.support.nats_cluster import NatsCluster
from tests.support.nats_server import NatsServer
from tests.support.ports import own_port
from tests.support.server_process import ServerProcess
from tests.support.servers import start_server
from tests.support.subscribers import ANSWER_SECONDS
from tests.transports.http.orders import new_order

STREAM = "orders"
READY_SECONDS = 120  # generous: a copy of a million events takes a minute
ANY_NODE = "http://any-node/events/orders"  # the client of `open_spreading_client` sends it to one of the nodes


class Node:
    """A server on a log in NATS. Its port and its cache stay the same when it starts again.

    `name`: its name in a network. `network`: the network over which it reaches the NATS servers; None if it connects directly.
    """

    def __init__(
        self,
        nats: NatsServer | NatsCluster,
        cache: Path,
        *arguments: str,
        name: str = "node",
        network: Network | None = None,
    ) -> None:
        self.name = name
        url = nats.url if network is None else _linked_url(name, servers_of(nats), network)
        self.store = f"{url}/{STREAM}?cache={cache}&monitor={nats.monitor}"
        self.port = own_port()
        self._arguments = [*arguments, *(["--store-single"] if isinstance(nats, NatsServer) else [])]
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def events_url(self) -> str:
        return f"{self.url}/events/orders"

    def start(self) -> None:
        """Start the server, and wait until it is ready, which it is once its copy has caught up with the log."""
        self.server: ServerProcess = start_server(self.store, *self._arguments, port=self.port)
        give_up = time.monotonic() + READY_SECONDS
        while httpx.get(f"{self.url}/health/ready", trust_env=False).status_code != 200:
            assert time.monotonic() < give_up, "The node does not catch up with the log."
            time.sleep(0.02)  # nothing announces it

    def catch_up(self) -> None:
        """Wait until this node has every event that was acknowledged before at any node."""
        give_up = time.monotonic() + READY_SECONDS
        newest_page = httpx.Request("GET", self.events_url, headers={"Accept": "application/json"})
        with httpx.Client(trust_env=False, timeout=ANSWER_SECONDS) as client:
            while client.send(newest_page).status_code != 200:
                assert time.monotonic() < give_up, "The node does not catch up with the log."
                time.sleep(0.02)  # nothing announces it

    def stop(self) -> None:
        self.server.__exit__(None, None, None)


@contextmanager
def two_nodes(
    nats: NatsServer | NatsCluster, folder: Path, *arguments: str, network: Network | None = None
) -> Iterator[Sequence[Node]]:
    """Make a stream, and run two nodes on it, `node-1` and `node-2`. `arguments`: further flags of `serve`."""
    init_stream(nats)
    nodes: list[Node] = []
    try:
        nodes.extend(
            Node(nats, folder / f"{name}.db", *arguments, name=name, network=network) for name in ("node-1", "node-2")
        )
        yield nodes
    finally:
        for node in nodes:
            node.stop()


def servers_of(nats: NatsServer | NatsCluster) -> Sequence[NatsServer]:
    return [nats] if isinstance(nats, NatsServer) else nats.servers


def _linked_url(name: str, servers: Sequence[NatsServer], network: Network) -> str:
    """Return the URL of NATS servers, as a process reaches them over links of its own."""
    ports = [network.link(name, server.name, server.port) for server in servers]
    return "nats://" + ",".join(f"127.0.0.1:{port}" for port in ports)


def init_stream(nats: NatsServer | NatsCluster, *arguments: str) -> None:
    """Make the stream with `orders-events log init`."""
    replicas = "1" if isinstance(nats, NatsServer) else "3"
    command = [sys.executable, "-m", "app", "log", "init", f"{nats.url}/{STREAM}", "--replicas", replicas, *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr


def store_event(client: httpx.Client, url: str, event: Mapping[str, object]) -> str:
    """Publish one event, again if the answer is 503 because this machine is too busy, and return its id."""
    named = {"eventId": new_order(), **event}
    for _ in range(20):
        answer = client.post(url, json=named)
        if answer.status_code != 503:
            break
    assert answer.status_code == 201, answer.text
    return str(answer.json()["events"][0]["id"])


class _AnyNode(httpx.AsyncHTTPTransport):
    """A transport that sends each request to one of several nodes, chosen at random, as a load balancer without memory does."""

    def __init__(self, ports: Sequence[int], random: Random) -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=2.0)
        super().__init__(limits=limits, trust_env=False)
        self._ports = ports
        self._random = random

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(host="127.0.0.1", port=self._random.choice(self._ports))
        request.headers["Host"] = request.url.netloc.decode()
        return await super().handle_async_request(request)


@asynccontextmanager
async def open_spreading_client(nodes: Sequence[Node], seed: int) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client whose requests to `ANY_NODE` go to one of the nodes each."""
    transport = _AnyNode([node.port for node in nodes], Random(seed))
    async with httpx.AsyncClient(transport=transport, trust_env=False, timeout=ANSWER_SECONDS) as client:
        yield client
