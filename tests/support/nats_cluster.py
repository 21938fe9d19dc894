"""Three NATS servers that replicate each message to each other, for tests."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import httpx

from tests.support.loopback_network import Network
from tests.support.nats_server import START_SECONDS, NatsServer
from tests.support.ports import own_port

# The servers keep a client in lame duck mode for the grace period; the duration in which they then end connections is 30 s at least.
_CLUSTER = """\
lame_duck_grace_period: "1s"
lame_duck_duration: "30s"
cluster {{
  name: "tests"
  listen: "127.0.0.1:{port}"
  routes: [{routes}]
  {advertise}
}}
"""
# With a network, servers and nodes must not learn of other addresses than those of its links.
_ADVERTISE_NOTHING = """no_advertise: true
  advertise: "127.0.0.1:{nowhere}"
"""


class NatsCluster:
    """Three servers; as a context manager, all of them end in any case.

    `configuration`: lines to add to the configuration file of each. `network`: the network over which they reach each other, by their
    names; None if they connect directly.
    """

    def __init__(self, folder: Path, *, configuration: str = "", network: Network | None = None) -> None:
        ports = {f"nats-{number}": own_port() for number in (1, 2, 3)}
        self.servers: Sequence[NatsServer] = [
            NatsServer(folder, name=name, configuration=configuration + _clustered(name, ports, network))
            for name in ports
        ]

    @property
    def url(self) -> str:
        return "nats://" + ",".join(f"127.0.0.1:{server.port}" for server in self.servers)

    @property
    def monitor(self) -> str:
        return self.servers[0].monitor

    def leader(self, stream: str) -> NatsServer:
        """Return the server that leads a stream, once one does."""
        give_up = time.monotonic() + START_SECONDS
        while time.monotonic() < give_up:
            for server in self.servers:
                if server.is_running and _leader_at(server, stream) == server.name:
                    return server
            time.sleep(0.05)  # nothing announces it
        raise TimeoutError(f"No server leads the stream {stream}.")

    def start(self) -> None:
        """Start the servers that do not run, and wait until all are healthy."""
        for server in self.servers:
            if not server.is_running:
                server.start()
        for server in self.servers:
            server.wait_until_healthy()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        for server in self.servers:
            server.kill()


def back_up(servers: Sequence[NatsServer], folder: Path) -> None:
    """Copy the files of servers while they are stopped."""
    for server in servers:
        server.stop()
    for server in servers:
        shutil.copytree(server.store, folder / server.name)
    restart_all(servers)


def restore(servers: Sequence[NatsServer], folder: Path) -> None:
    """Replace the files of servers by those of a backup, while they are stopped."""
    for server in servers:
        server.stop()
    for server in servers:
        shutil.rmtree(server.store)
        shutil.copytree(folder / server.name, server.store)
    restart_all(servers)


def restart_all(servers: Sequence[NatsServer]) -> None:
    """Start servers that have ended, and wait until all are healthy."""
    for server in servers:
        server.start()
    for server in servers:
        server.wait_until_healthy()


def _clustered(name: str, ports: dict[str, int], network: Network | None) -> str:
    """Return the lines of the configuration file that make a server one of a cluster."""
    routes, advertise = [*ports.values()], ""
    if network is not None:
        routes = [network.link(name, other, port) for other, port in ports.items() if other != name]
        advertise = _ADVERTISE_NOTHING.format(nowhere=own_port())
    urls = ", ".join(f'"nats://127.0.0.1:{port}"' for port in routes)
    return _CLUSTER.format(port=ports[name], routes=urls, advertise=advertise)


def _leader_at(server: NatsServer, stream: str) -> str | None:
    """Return the name of the server that leads a stream, as one server knows it."""
    try:
        answer = httpx.get(f"{server.monitor}/jsz", params={"streams": "true"}, timeout=1, trust_env=False).json()
    except httpx.HTTPError:
        return None
    streams = [each for account in answer.get("account_details", ()) for each in account.get("stream_detail", ())]
    return next((each.get("cluster", {}).get("leader") for each in streams if each["name"] == stream), None)
