"""The files of deploy/cluster: NATS takes its configuration, which permits what a node does and nothing else; the rest fits it."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from app.settings import SETTINGS, NatsUrl
from app.stores.jetstream.servers.rights import creator_rights, node_rights
from tests.cli.command import run
from tests.deploy.fronts import DEPLOY
from tests.support.nats_server import find_nats_server, nats_server
from tests.support.nodes import STREAM, store_event, two_nodes
from tests.transports.http.orders import PAGE, shipped

FOLDER = DEPLOY / "cluster"
CONFIGURATION = (FOLDER / "nats.conf").read_text()
SERVICES: Mapping[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
NATS = [name for name in SERVICES if name.startswith("nats-")]
NODES = [name for name in SERVICES if name.startswith("node-")]


@pytest.mark.parametrize("name", NATS)
def test_nats_takes_the_configuration_with_the_variables_of_the_compose_file(name: str) -> None:
    variables = SERVICES[name]["environment"]
    assert set(variables) == set(re.findall(r"\$(NATS_\w+)", CONFIGURATION))
    command = [find_nats_server(), "-t", "--config", str(FOLDER / "nats.conf")]
    tried = subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True, check=False)
    assert tried.returncode == 0, tried.stderr
    assert variables["NATS_NAME"] == name
    assert all(f"nats://{each}:6222" in variables["NATS_ROUTES"] for each in NATS)


def test_nodes_of_the_compose_file_share_the_stream_that_is_made_before_them() -> None:
    assert (len(NATS), len(NODES)) == (3, 2)
    made = _store(SERVICES["stream"]["command"][-1])
    for name in NODES:
        variables = SERVICES[name]["environment"]
        assert variables.keys() <= {setting.variable for setting in SETTINGS.values()}
        used = _store(variables["ORDERS_EVENTS_STORE"])
        assert (used.stream, used.servers) == (made.stream, made.servers) == (STREAM, _at(NATS, "nats", 4222))
        assert used.monitors == _at(NATS, "http", 8222)
        assert f"{name}:8000" in SERVICES["balancer"]["environment"]["ORDERS_EVENTS_UPSTREAM"].split()


def test_the_configuration_grants_what_a_node_and_log_init_need() -> None:
    granted = re.findall(r'^ +"(\S+)"', CONFIGURATION, re.MULTILINE)
    assert sorted(granted) == sorted([*node_rights(STREAM).publish, *creator_rights(STREAM).publish])


def test_a_node_has_the_rights_that_it_needs_and_no_others(tmp_path: Path) -> None:
    rights = CONFIGURATION[CONFIGURATION.index("no_auth_user") :]
    with nats_server(tmp_path, configuration=rights) as server:
        with two_nodes(server, tmp_path) as (node, _), httpx.Client(trust_env=False, timeout=60) as client:
            before = store_event(client, node.events_url, shipped())
            assert run("log", "new-epoch", f"{server.url}/{STREAM}").code == 0
            after = store_event(client, node.events_url, shipped())
            page = client.get(node.events_url, params={"from": "earliest"}, headers=PAGE).json()
            assert [each["id"] for each in page["events"]] == [before, after]
        assert run("log", "compare", f"{node.store}").code == 0
        assert "Violation" not in server.log
        asyncio.run(_ask_for_more(server.url))
        assert server.log.count("Publish Violation") == 4


def test_the_cluster_of_make_does_not_start_beside_a_server_on_one_of_its_ports(tmp_path: Path) -> None:
    """Otherwise the server of `make run` at port 8000 would answer in the place of Caddy."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):  # something else listens there already, which is as good
            other.bind(("127.0.0.1", 8000))
            other.listen()
        command = [sys.executable, str(FOLDER / "loopback.py"), str(tmp_path / "cluster")]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith(
        "make cluster: port 8000 cannot be used (Address already in use). End what listens there"
    )
    assert not list(tmp_path.iterdir())


async def _ask_for_more(url: str) -> None:
    nats = pytest.importorskip("nats", reason="nats-py is not installed.")
    client = await nats.connect(url, allow_reconnect=False, error_cb=_ignore)
    for request in (f"STREAM.DELETE.{STREAM}", f"STREAM.PURGE.{STREAM}", "STREAM.CREATE.another", "STREAM.NAMES"):
        with pytest.raises(nats.errors.TimeoutError):
            await client.request(f"$JS.API.{request}", timeout=0.1)
    await client.flush(60)  # the server has written what it refused when it answers
    await client.close()


async def _ignore(_error: Exception) -> None:
    """Take the error of a request that is not permitted; otherwise it is written to the log."""


def _store(url: str) -> NatsUrl:
    store = SETTINGS["store"].type.convert(url, None, None)
    assert isinstance(store, NatsUrl)
    return store


def _at(names: list[str], scheme: str, port: int) -> tuple[str, ...]:
    return tuple(f"{scheme}://{name}:{port}" for name in names)
