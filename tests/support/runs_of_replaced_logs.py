"""Runs of two nodes whose stream becomes another under them: deleted and made anew, or restored from a backup."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Literal, TypeAlias

import pytest

from tests.support.checker import Ledger
from tests.support.crowds import following, has_read, subscriber_of
from tests.support.nats_cluster import NatsCluster, back_up, restore
from tests.support.nats_server import NatsServer
from tests.support.nodes import ANY_NODE, STREAM, init_stream, open_spreading_client, servers_of, two_nodes
from tests.support.publishers import Publisher, counted

nats_client = pytest.importorskip("nats", reason="nats-py is not installed.")

Change: TypeAlias = Literal["made anew", "restored"]


async def another_stream(nats: NatsServer | NatsCluster, folder: Path, change: Change, *, events: int = 5) -> None:
    """Let a stream become another while a reader follows. The reader must get a gap, and no id may be used for two events.

    So many events are stored before the backup, after it, and when the stream has become another.
    """
    servers = servers_of(nats)
    with two_nodes(nats, folder) as nodes:
        reader = subscriber_of(nodes[0].events_url, "reader")
        before, lost, after = Ledger(), Ledger(), Ledger()
        async with open_spreading_client(nodes, seed=2) as client, following(client, [reader]):
            await Publisher(ANY_NODE, before).publish(client, counted(1, events))
            await asyncio.to_thread(back_up, servers, folder / "backup")
            await Publisher(ANY_NODE, lost).publish(client, counted(2, events))
            await has_read(reader, 2 * events)
            if change == "restored":
                await asyncio.to_thread(restore, servers, folder / "backup")
            else:
                await _delete_stream(servers[0].url)
                await asyncio.to_thread(init_stream, nats)
            await Publisher(ANY_NODE, after).publish(client, counted(3, events))
            await Publisher(ANY_NODE, after).ends(client)
    [gap] = reader.log.gaps
    place = reader.log.entries.index(gap)
    kept = before.acknowledged if change == "restored" else {}
    assert gap.reason == {"restored": "ahead", "made anew": "foreign"}[change]
    assert [each.mark for each in reader.log.delivered[:place]] == [*before.acknowledged, *lost.acknowledged]
    assert [each.mark for each in reader.log.delivered[place:]][: len(kept) + events] == [*kept, *counted(3, events)]
    used = {*before.acknowledged.values(), *lost.acknowledged.values()}
    assert not used & {*after.acknowledged.values()}


async def _delete_stream(url: str) -> None:
    client = await nats_client.connect(url)
    await client.jetstream().delete_stream(STREAM)
    await client.close()
