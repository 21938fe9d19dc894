"""Runs of two nodes whose stream becomes another under them: it is made anew, or restored, by its servers or from their files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Literal, TypeAlias

from tests.support.checker import Ledger
from tests.support.crowds import following, has_read, subscriber_of
from tests.support.nats_cluster import NatsCluster, back_up, restore
from tests.support.nats_server import NatsServer
from tests.support.nodes import ANY_NODE, STREAM, init_stream, open_spreading_client, servers_of, two_nodes
from tests.support.publishers import Publisher, counted
from tests.support.stream_backup import back_up_stream, delete_stream, restore_stream

Change: TypeAlias = Literal["made anew", "restored", "restored from files"]


async def another_stream(nats: NatsServer | NatsCluster, folder: Path, change: Change, *, events: int = 5) -> None:
    """Let a stream become another while a reader follows. The reader must get a gap, and no id may be used for two events.

    So many events are stored before the backup, after it, and when the stream has become another.
    """
    with two_nodes(nats, folder) as nodes:
        reader = subscriber_of(nodes[0].events_url, "reader")
        before, lost, after = Ledger(), Ledger(), Ledger()
        async with open_spreading_client(nodes, seed=2) as client, following(client, [reader]):
            await Publisher(ANY_NODE, before).publish(client, counted(1, events))
            replace = await _backed_up(nats, folder / "backup", change)
            await Publisher(ANY_NODE, lost).publish(client, counted(2, events))
            await has_read(reader, 2 * events)
            for node in (
                nodes
            ):  # one that had not read the lost events would not notice the loss, and use their ids for a moment
                await asyncio.to_thread(node.catch_up)
            await replace()
            await Publisher(ANY_NODE, after).publish(client, counted(3, events))
            await Publisher(ANY_NODE, after).ends(client)
    [gap] = reader.log.gaps
    place = reader.log.entries.index(gap)
    kept = {} if change == "made anew" else before.acknowledged
    assert gap.reason == ("foreign" if change == "made anew" else "ahead")
    assert [each.mark for each in reader.log.delivered[:place]] == [*before.acknowledged, *lost.acknowledged]
    assert [each.mark for each in reader.log.delivered[place:]][: len(kept) + events] == [*kept, *counted(3, events)]
    used = {*before.acknowledged.values(), *lost.acknowledged.values()}
    assert not used & {*after.acknowledged.values()}


async def _backed_up(
    nats: NatsServer | NatsCluster, folder: Path, change: Change
) -> Callable[[], Coroutine[None, None, None]]:
    """Back the stream up if it is to be restored. Returns a function that replaces it."""
    servers = servers_of(nats)
    url = servers[0].url
    match change:
        case "made anew":

            async def replace() -> None:
                await delete_stream(url, STREAM)
                await asyncio.to_thread(init_stream, nats)

        case "restored":
            backup = await back_up_stream(url, STREAM)

            async def replace() -> None:
                await delete_stream(url, STREAM)
                await restore_stream(url, STREAM, backup)

        case "restored from files":
            await asyncio.to_thread(back_up, servers, folder)

            async def replace() -> None:
                await asyncio.to_thread(restore, servers, folder)

    return replace
