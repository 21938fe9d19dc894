"""Two servers on one log in NATS: what is acknowledged at one is seen at both, whatever is killed meanwhile."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest

from tests.support.nats_server import NatsServer, nats_server
from tests.support.nodes import ANY_NODE, Node, open_spreading_client, store_event, two_nodes
from tests.support.runs_of_nodes import troubled_nodes
from tests.support.runs_of_replaced_logs import Change, another_stream
from tests.support.subscribers import read_stored, read_until
from tests.transports.http.orders import EVENTS, PAGE, cancelled, metric, new_order, shipped

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
            store_event(client, one.events_url, shipped(order))
            page = client.get(other.events_url, params=query, headers=PAGE).json()
            assert len(page["events"]) == number
            one, other = other, one
    assert [frame.id for frame in read_stored(one.events_url)] == [frame.id for frame in read_stored(other.events_url)]


def test_an_id_of_one_node_is_good_at_the_other_before_it_has_the_event(nodes: Sequence[Node]) -> None:
    one, other = nodes
    with httpx.Client(trust_env=False, timeout=60) as client:
        for _ in range(10):
            identifier = store_event(client, one.events_url, shipped())
            [frame] = read_until(bool, other.events_url, identifier)
            assert frame.event == "stream.checkpoint"


async def test_one_event_id_is_one_event_however_many_copies_arrive_at_both_nodes(nodes: Sequence[Node]) -> None:
    identifier = new_order()
    event = shipped(identifier, eventId=identifier)
    async with open_spreading_client(nodes, seed=1) as client:
        answers = await asyncio.gather(*(client.post(ANY_NODE, json=event) for _ in range(200)))
        too_late = [answer for answer in answers if answer.status_code == 503]  # a busy machine
        answers += await asyncio.gather(*(client.post(ANY_NODE, json=event) for _ in too_late))
        conflict = await client.post(ANY_NODE, json=cancelled(identifier, eventId=identifier))
    acknowledged = [answer for answer in answers if answer not in too_late]
    assert {answer.status_code for answer in acknowledged} == {201}
    stored = [each for answer in acknowledged for each in answer.json()["events"]]
    assert len({each["id"] for each in stored}) == 1
    new = sum(not each["duplicate"] for each in stored)
    assert new == 1 or (too_late and new == 0)
    assert len(stored) == 200
    assert conflict.status_code == 409


def test_metrics_say_how_far_a_node_is_behind(nodes: Sequence[Node]) -> None:
    with httpx.Client(base_url=nodes[0].url, trust_env=False, timeout=60) as client:
        store_event(client, EVENTS, shipped())
        epoch = client.get("/metrics").text.partition('orders_events_shared_log_epoch{epoch="')[2].partition('"')[0]
        assert store_event(client, EVENTS, shipped()).startswith(f"{epoch}-")
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


@pytest.mark.parametrize("change", ["made anew", "restored from files"])
async def test_a_stream_that_became_another_is_a_gap_and_no_id_is_used_twice(tmp_path: Path, change: Change) -> None:
    with nats_server(tmp_path) as server:
        await another_stream(server, tmp_path, change)
