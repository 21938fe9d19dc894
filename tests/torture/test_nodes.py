"""Two servers on one log, on three NATS servers, at full size. `NODES_SECONDS` says how long faults are caused; by default a minute."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.support.nats_server import NatsCluster
from tests.support.runs_of_nodes import troubled_nodes, troubles_for

SECONDS = float(os.environ.get("NODES_SECONDS", "60"))

Report: TypeAlias = Callable[[str], None]

pytest.importorskip("nats", reason="nats-py is not installed.")


async def test_nothing_is_lost_or_repeated_while_nodes_and_servers_are_killed_terminated_and_paused(
    tmp_path: Path, report: Report
) -> None:
    with NatsCluster(tmp_path) as nats:
        outcome = await troubled_nodes(
            nats, tmp_path, troubles=troubles_for(SECONDS, 142), subscribers=50, publishers=6, seed=142
        )
    report(
        f"{outcome.troubles.total()} faults: {outcome.acknowledged} events acknowledged, {outcome.unanswered} requests without an "
        f"answer, {outcome.refused} answered 503, {outcome.duplicates} found stored when sent again, {outcome.connections} "
        f"connections, {outcome.cuts} cut, nothing lost, repeated or reordered, no gap"
    )
