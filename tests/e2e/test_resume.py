"""A subscriber that keeps its last id reads every matching event once, in order."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple, TypeAlias

import httpx
import pytest
from httpx_sse import ServerSentEvent

from tests.support.checker import Delivered, Ledger, Mark, SubscriberLog
from tests.support.crowds import stored_log
from tests.support.publishers import CANCELLED, LAST, SHIPPED, Publisher, counted, publish_now, type_of
from tests.support.runs_of_crowds import come_and_go, join_and_leave
from tests.support.server_process import ServerProcess
from tests.support.servers import sqlite, start_on_stored, start_server
from tests.support.subscribers import (
    ANSWER_SECONDS,
    Parameters,
    Subscriber,
    decode,
    head_id,
    open_client,
    read_stored,
    read_stream,
    read_until,
)

NOBODY = "or_nobody"


async def test_subscribers_that_come_and_go_at_full_speed_read_everything_once_in_order(tmp_path: Path) -> None:
    ledger = Ledger()
    with start_on_stored(sqlite(tmp_path), counted(100, 1000), ledger) as server:
        scenario = come_and_go(
            server.events_url,
            ledger,
            subscribers=20,
            publishers=4,
            events=3000,
            most_frames=400,
            most_events=50,
            seed=1,
        )
        readers = await scenario
    assert sum(reader.connections for reader in readers) > 5 * len(readers)


@pytest.mark.parametrize("module", ["app", "tests.support.stock_server"])
async def test_subscribers_that_join_and_leave_at_the_head_miss_nothing(module: str) -> None:
    with start_server("memory:", module=module) as server:
        await join_and_leave(server.events_url, subscribers=25, publishers=2, seed=2)


def orders_of(frames: Sequence[ServerSentEvent]) -> list[tuple[str, str]]:
    return [(frame.id, frame.data) for frame in frames if frame.event.startswith("order.")]


def test_cut_after_any_byte_resumes_with_exactly_the_rest(server: ServerProcess) -> None:
    url, start = server.events_url, head_id(server.events_url)
    publish_now(url, counted(100, 5))
    query = {"lastEventId": start, "follow": "false"}
    body = httpx.get(url, params=query, trust_env=False, timeout=ANSWER_SECONDS).content
    whole = orders_of(decode(body))
    assert len(whole) == 5
    rests: dict[str, list[tuple[str, str]]] = {}
    for size in range(len(body)):
        frames = decode(body[:size])
        last = frames[-1].id if frames else start
        if last not in rests:
            rests[last] = orders_of(read_stream(url, last, follow="false"))
        assert orders_of(frames) + rests[last] == whole
    assert len(rests) == 6


# --- filters -------------------------------------------------------------------------------------------------------------------


class Leg(NamedTuple):
    """One connection: the id from which it resumed, its filter, the events that came."""

    after: str
    query: Parameters
    read: list[Delivered]


def wanted(parameters: Parameters, mark: Mark) -> bool:
    types, orders = parameters.get("eventTypes"), parameters.get("orderId")
    return (types is None or type_of(mark) in types) and (orders is None or str(mark) in orders)


async def read_some(client: httpx.AsyncClient, url: str, query: Parameters, after: str, count: int) -> SubscriberLog:
    """Read on one connection until `count` events have come, or the last one."""
    reader = Subscriber(url, SubscriberLog("changing"), query, last_event_id=after)
    ends = set(LAST.values())
    await reader.follow_while(
        client, lambda entry: entry is None or (len(reader.log.entries) < count and entry.mark not in ends)
    )
    assert reader.connections == 1
    return reader.log


async def publish_to_the_end(client: httpx.AsyncClient, url: str, seed: int) -> None:
    ledger = Ledger()
    async with asyncio.TaskGroup() as group:
        for number in range(2):
            chance = Random(f"{seed} p{number}")
            work = Publisher(url, ledger).publish_all(client, counted(number, 300), random=chance, most=4)
            group.create_task(work)
    await Publisher(url, ledger).ends(client)


async def read_with_changing_filters(url: str, seed: int) -> list[Leg]:
    """Publish, and at the same time read with another filter after each reconnect."""
    random = Random(seed)
    marks = [mark for number in range(2) for mark in counted(number, 300)]
    some_orders = [str(mark) for mark in [*random.sample(marks, 90), *LAST.values()]]
    filters: list[Parameters] = [
        {},
        {"eventTypes": SHIPPED},
        {"eventTypes": CANCELLED},
        {"eventTypes": [CANCELLED, SHIPPED]},
        {"orderId": some_orders},
        {"orderId": some_orders, "eventTypes": SHIPPED},
    ]
    legs: list[Leg] = []
    after = head_id(url)
    async with open_client() as client, asyncio.timeout(120), asyncio.TaskGroup() as group:
        group.create_task(publish_to_the_end(client, url, seed))
        while not legs or legs[-1].read[-1].mark not in LAST.values():
            query = random.choice(filters)
            log = await read_some(client, url, query, after, random.randint(1, 10))
            assert log.gaps == []
            legs.append(Leg(after, query, log.delivered))
            after = log.delivered[-1].id
    return legs


async def test_filter_that_changes_at_a_reconnect_applies_to_all_events_after_the_id() -> None:
    with start_server("memory:") as server:
        url = server.events_url
        legs = await read_with_changing_filters(url, seed=3)
        stored = stored_log(url).delivered
    places = {each.id: place for place, each in enumerate(stored)}
    for after, query, read in legs:
        stretch = stored[places.get(after, -1) + 1 : places[read[-1].id] + 1]
        assert read == [each for each in stretch if wanted(query, each.mark)]
    assert len(legs) > 8


def test_filter_that_matches_nothing_still_moves_forward_by_checkpoints(server: ServerProcess) -> None:
    url = server.events_url
    start = head_id(url)

    def moved_on(frames: Sequence[ServerSentEvent]) -> bool:
        if len(frames) == 1 and head_id(url) == start:
            publish_now(url, counted(200, 50))
        return len(frames) > 1

    opening, *rest = read_until(moved_on, url, orderId=NOBODY)
    assert (opening.event, opening.data, opening.id) == ("stream.checkpoint", "{}", start)
    assert [(frame.event, frame.data) for frame in rest] == [("stream.checkpoint", "{}")]
    checkpoint = rest[0].id
    assert checkpoint == head_id(url)
    # Nothing is left to examine, and a wider filter does not bring back events before the checkpoint.
    assert read_stream(url, checkpoint, follow="false", orderId=NOBODY) == []
    publish_now(url, counted(201, 3))
    assert [frame.json()["orderId"] for frame in read_stored(url, checkpoint)] == [
        str(mark) for mark in counted(201, 3)
    ]


def test_finite_read_that_skipped_the_end_of_the_log_leaves_the_reader_at_the_head(server: ServerProcess) -> None:
    url, start = server.events_url, head_id(server.events_url)
    publish_now(url, counted(210, 4))
    first = str(Mark(210, 0))
    frames = read_stream(url, start, follow="false", orderId=first)
    names = [frame.event for frame in frames]
    assert names == ["stream.checkpoint", type_of(Mark(210, 0)), "stream.checkpoint", "stream.closing"]
    assert frames[2].id == head_id(url)
    assert read_stream(url, frames[2].id, follow="false", orderId=first) == []


# --- in pieces -----------------------------------------------------------------------------------------------------------------


Piece: TypeAlias = tuple[list[tuple[str, str]], str] | None
"""Orders, as (event type, orderId), and the id to go on from; None at the end."""


def next_frames(url: str, after: str, limit: int, filters: Parameters) -> Piece:
    frames = read_stream(url, after, follow="false", limit=str(limit), **filters)
    if not frames:
        return None
    orders = [(frame.event, frame.json()["orderId"]) for frame in frames if frame.event.startswith("order.")]
    assert frames[-1].event == "stream.closing"
    assert frames[-1].json() == {"reason": "limit" if len(orders) == limit else "end"}
    return orders, frames[-1].id


def next_page(url: str, after: str, limit: int, filters: Parameters) -> Piece:
    query = {"lastEventId": after, "limit": str(limit), **filters}
    headers = {"Accept": "application/json"}
    answer = httpx.get(url, params=query, headers=headers, trust_env=False, timeout=ANSWER_SECONDS)
    assert answer.status_code == 200
    page = answer.json()
    if page["lastEventId"] == after:
        assert page["events"] == []
        return None
    return [(each["eventType"], each["data"]["orderId"]) for each in page["events"]], page["lastEventId"]


@pytest.fixture(scope="module")
def half_old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with 200 events, half of them in memory."""
    with start_on_stored(sqlite(tmp_path_factory.mktemp("half_old")), counted(300, 100)) as server:
        publish_now(server.events_url, counted(300, 100, first=100))
        yield server


@pytest.mark.parametrize("ways", [[next_frames], [next_page], [next_frames, next_page]], ids=["stream", "page", "both"])
@pytest.mark.parametrize(
    "filters",
    [{}, {"eventTypes": CANCELLED}, {"orderId": ["p300-000003", "p300-000150"]}],
    ids=["all", "type", "order"],
)
def test_log_read_in_pieces_equals_the_log_read_at_once(
    half_old: ServerProcess, ways: Sequence[Callable[[str, str, int, Parameters], Piece]], filters: Parameters
) -> None:
    url, random = half_old.events_url, Random(4)
    start = next(frame.id for frame in read_stored(url, orderId=str(Mark(300, 0))))
    at_once = [(frame.event, frame.json()["orderId"]) for frame in read_stored(url, start, **filters)]
    in_pieces: list[tuple[str, str]] = []
    after = start
    while True:
        piece = random.choice(ways)(url, after, random.randint(1, 9), filters)
        if piece is None:
            break
        in_pieces += piece[0]
        after = piece[1]
    assert in_pieces == at_once
    assert len(at_once) == {(): 199, ("eventTypes",): 66, ("orderId",): 2}[tuple(filters)]


# --- from anywhere -------------------------------------------------------------------------------------------------------------


def test_resume_from_any_of_many_stored_events_starts_after_it(tmp_path: Path) -> None:
    random, ledger = Random(5), Ledger()
    with start_on_stored(sqlite(tmp_path), counted(0, 10_000), ledger) as server:
        url = server.events_url
        newer = publish_now(url, counted(1, 10_000), ledger)
        ids = list(ledger.acknowledged.values())
        assert ids[10_000:] == newer
        assert len(set(ids)) == 20_000
        assert all(re.fullmatch(r"[0-9A-Za-z_-]{1,64}", each) for each in ids)
        for place in [0, 9_900, 9_998, 9_999, 10_000, 19_998, *random.sample(range(20_000), 20)]:
            read = orders_of(read_stream(url, ids[place], follow="false", limit="300"))
            assert [each for each, _ in read] == ids[place + 1 : place + 301]
        assert read_stream(url, ids[-1], follow="false") == []
        assert [frame.id for frame in read_stored(url)] == ids


def test_header_wins_over_the_query_so_that_a_reconnecting_eventsource_continues(server: ServerProcess) -> None:
    url = server.events_url
    ids = publish_now(url, counted(400, 3))
    assert [frame.id for frame in read_stored(url, ids[1], lastEventId=ids[0])] == ids[2:]
    assert [frame.id for frame in read_stored(url, "", lastEventId=ids[0])] == ids[1:]
