"""A second major version on two nodes of one log in NATS: each node publishes one major, and readers of both read at both."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.contract_copy import ContractCopy
from tests.support.nats_server import nats_server
from tests.support.nodes import Node, two_nodes
from tests.support.order_shipped_2 import LEAST, LEAST_SEEN, MOST, MOST_SEEN, add_order_shipped_2
from tests.support.pinned_readers import Read, page, pinned, stored
from tests.support.subscribers import ANSWER_SECONDS

pytest.importorskip("nats", reason="nats-py is not installed.")

SHIPPED = "order.shipped"
RAISED = {**LEAST, "service": "unknown"}
IN_1 = {"eventType": SHIPPED, "schemaVersion": "1.2.0", "data": LEAST_SEEN, "eventId": "one"}
IN_2 = {"eventType": SHIPPED, "schemaVersion": "2.0.0", "data": MOST, "eventId": "two"}


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sequence[Node]]:
    folder: Path = tmp_path_factory.mktemp("majors")
    copy = ContractCopy(folder / "contract")
    add_order_shipped_2(copy)
    with (
        nats_server(folder / "nats") as nats,
        two_nodes(nats, folder, "--contract", str(copy.root), "--grpc-port", "0") as nodes,
    ):
        yield nodes


def test_events_of_both_majors_are_read_in_both_at_both_nodes_also_after_a_restart(nodes: Sequence[Node]) -> None:
    first, second = _publish(nodes[0], IN_1), _publish(nodes[1], IN_2)
    assert (first["duplicate"], second["duplicate"]) == (False, False)
    _assert_read(nodes, first["id"], second["id"])

    again = [_publish(nodes[1], IN_1), _publish(nodes[0], IN_2), _publish(nodes[0], {**IN_1, **_in_2(RAISED)})]
    assert [(each["id"], each["duplicate"]) for each in again] == [
        (first["id"], True),
        (second["id"], True),
        (first["id"], True),
    ]

    nodes[0].stop()
    nodes[0].start()
    _assert_read(nodes, first["id"], second["id"])
    for node in nodes:
        command = [sys.executable, "-m", "app", "log", "compare", node.store]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False)
        assert ran.returncode == 0, ran.stderr


def _in_2(data: dict[str, Any]) -> dict[str, Any]:
    return {"schemaVersion": "2.0.0", "data": data}


def _publish(node: Node, event: dict[str, Any]) -> dict[str, Any]:
    answer = httpx.post(node.events_url, json=event, timeout=ANSWER_SECONDS, trust_env=False)
    published: dict[str, Any] = answer.raise_for_status().json()["events"][0]
    return published


def _assert_read(nodes: Sequence[Node], first: str, second: str) -> None:
    in_1 = [Read(first, SHIPPED, "1.2.0", LEAST_SEEN), Read(second, SHIPPED, "1.2.0", MOST_SEEN)]
    in_2 = [Read(first, SHIPPED, "2.0.0", RAISED), Read(second, SHIPPED, "2.0.0", MOST)]
    for node in nodes:
        for pin, expected in ((None, in_1), (1, in_1), (2, in_2)):
            assert page(node.server, **pinned(pin)) == expected
            streamed = stored(node.server, "sse", **pinned(pin))
            assert streamed == [each._replace(version="") for each in expected]
            assert stored(node.server, "grpc", **pinned(pin)) == expected
