"""Two servers on one log in NATS: what is acknowledged at one is seen at both, whatever is killed meanwhile."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest

from tests.support.nats_server import NatsServer, nats_server
from tests.support.nodes import ANY_NODE, Node, open_spreading_client, two_nodes
from tests.support.runs_of_nodes import troubled_nodes
from tests.support.subscribers import read_stored, read_until
from tests.transports.http.orders import PAGE, cancelled, metric, new_order, publish, shipped

pytest.importorskip("nats", reason="nats-py is not installed.")


@pytest.fixture(scope="module")
def nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    with nats_server(tmp_path_factory.mktemp("nats")) as server:
        yield server


@pytest.fixture(scope="module")
def nodes(nats: NatsServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sequence[Node]]:
    with two_nodes(nats, tmp_path_factory.mktemp("nodes")) as nodes:
        yield nodes


def test_an_event_is_seen_at_the_other_node_by_the_next_request(nodes: Sequence[Node]) -> None:
    one, other = nodes
    order = new_order()
    query = {"from": "earliest", "orderId": order}
    with httpx.Client(trust_env=False, timeout=60) as client:
        for number in range(1, 11):
            assert client.post(one.events_url, json=shipped(order)).status_code == 201
            page = client.get(other.events_url, params=query, headers=PAGE).json()
            assert len(page["events"]) == number
            one, other = other, one
    assert [frame.id for frame in read_stored(one.events_url)] == [frame.id for frame in read_stored(other.events_url)]


def test_an_id_of_one_node_is_good_at_the_other_before_it_has_the_event(nodes: Sequence[Node]) -> None:
    one, other = nodes
    with httpx.Client(trust_env=False, timeout=60) as client:
        for _ in range(10):
            [event] = client.post(one.events_url, json=shipped()).json()["events"]
            [frame] = read_until(bool, other.events_url, event["id"])
            assert frame.event == "stream.checkpoint"


async def test_one_event_id_is_one_event_however_many_copies_arrive_at_both_nodes(nodes: Sequence[Node]) -> None:
    identifier = new_order()
    event = shipped(identifier, eventId=identifier)
    async with open_spreading_client(nodes, seed=1) as client:
        answers = await asyncio.gather(*(client.post(ANY_NODE, json=event) for _ in range(200)))
        conflict = await client.post(ANY_NODE, json=cancelled(identifier, eventId=identifier))
    assert {answer.status_code for answer in answers} == {201}
    stored = [each for answer in answers for each in answer.json()["events"]]
    assert len({each["id"] for each in stored}) == 1
    assert Counter(each["duplicate"] for each in stored) == {False: 1, True: 199}
    assert conflict.status_code == 409


def test_metrics_say_how_far_a_node_is_behind(nodes: Sequence[Node]) -> None:
    with httpx.Client(base_url=nodes[0].url, trust_env=False, timeout=60) as client:
        publish(client, shipped())
        epoch = client.get("/metrics").text.partition('orders_events_shared_log_epoch{epoch="')[2].partition('"')[0]
        assert publish(client, shipped())[0].startswith(f"{epoch}-")
        assert metric(client, "orders_events_shared_log_lag_events") == 0
        assert metric(client, "orders_events_shared_log_lag_seconds") < 60
        assert metric(client, "orders_events_shared_log_resets_total") >= 0  # a busy machine may have kept NATS silent
        for name in ("rebuilds", "unknown_events"):
            assert metric(client, f"orders_events_shared_log_{name}_total") == 0


async def test_nothing_is_lost_or_repeated_while_nodes_and_the_server_are_killed_and_paused(tmp_path: Path) -> None:
    troubles = ["server killed", "node killed", "server paused", "node terminated"]
    with nats_server(tmp_path) as server:
        report = await troubled_nodes(
            server, tmp_path, troubles=troubles, subscribers=5, publishers=2, seed=141, most_pause_seconds=0.5
        )
    assert report.troubles == Counter(troubles)
    assert report.unanswered > 0
