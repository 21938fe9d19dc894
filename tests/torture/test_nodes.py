"""Two servers on one log, on three NATS servers, at full size.

`NODES_SECONDS` says how long each test causes faults; by default a minute. `NODES_SEED` chooses which, and when.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.browser.tabs import Tabs, tabs_following
from tests.support.checker import SubscriberLog
from tests.support.loopback_network import Network, loopback_network
from tests.support.nats_cluster import NatsCluster
from tests.support.node_troubles import CLUSTER_TROUBLES, NETWORK_TROUBLES, PROCESS_TROUBLES, TROUBLES, troubles_for
from tests.support.nodes import Node
from tests.support.runs_of_nodes import TroubleReport, Watch, troubled_nodes
from tests.support.runs_of_replaced_logs import Change, another_stream

SECONDS = float(os.environ.get("NODES_SECONDS", "60"))
SEED = int(os.environ.get("NODES_SEED", "142"))
TABS = 10

Report: TypeAlias = Callable[[str], None]

pytest.importorskip("nats", reason="nats-py is not installed.")


@pytest.mark.parametrize(
    "troubles",
    [PROCESS_TROUBLES, CLUSTER_TROUBLES, NETWORK_TROUBLES],
    ids=["of processes", "of the cluster", "of the network"],
)
async def test_faults_cost_no_event_and_repeat_none(tmp_path: Path, report: Report, troubles: Collection[str]) -> None:
    with loopback_network() as network, NatsCluster(tmp_path, network=network) as nats:
        chosen = troubles_for(SECONDS, SEED, [*troubles])
        outcome = await troubled_nodes(
            nats, tmp_path, troubles=chosen, subscribers=50, publishers=6, seed=SEED, network=network
        )
    report(_figures(outcome))


async def test_faults_close_no_tab_and_cost_it_no_event(tmp_path: Path, report: Report) -> None:
    tabs: list[Tabs] = []
    with loopback_network() as network, NatsCluster(tmp_path, network=network) as nats:
        outcome = await troubled_nodes(
            nats,
            tmp_path,
            troubles=troubles_for(SECONDS, SEED, [*TROUBLES]),
            subscribers=10,
            publishers=2,
            seed=SEED,
            network=network,
            watch=_tabs_behind_a_balancer(network, tabs),
        )
    [opened] = tabs
    report(
        f"{_figures(outcome)}; {TABS} tabs read {sum(len(log.delivered) for log in opened.logs)} events, lost their connection "
        f"{opened.errors} times, and {opened.closed} gave up"
    )
    assert opened.closed == 0


@pytest.mark.parametrize("change", ["made anew", "restored", "restored from files"])
async def test_a_stream_on_three_servers_that_became_another_is_a_gap_and_no_id_is_used_twice(
    tmp_path: Path, change: Change
) -> None:
    with NatsCluster(tmp_path) as nats:
        await another_stream(nats, tmp_path, change, events=1000)


def _tabs_behind_a_balancer(network: Network, opened: list[Tabs]) -> Watch:
    @asynccontextmanager
    async def watch(nodes: Sequence[Node]) -> AsyncIterator[Sequence[SubscriberLog]]:
        port = network.link("tabs", "nodes", *(node.port for node in nodes))
        async with tabs_following(f"http://127.0.0.1:{port}", TABS) as tabs:
            opened.append(tabs)
            yield tabs.logs

    return watch


def _figures(outcome: TroubleReport) -> str:
    faults = ", ".join(f"{number} x {name}" for name, number in outcome.troubles.items())
    return (
        f"{outcome.troubles.total()} faults ({faults}): {outcome.acknowledged} events acknowledged, {outcome.unanswered} requests "
        f"without an answer, {outcome.refused} answered 503, {outcome.duplicates} found stored when sent again, "
        f"{outcome.connections} connections, {outcome.cuts} cut, nothing lost, repeated or reordered, no gap"
    )
