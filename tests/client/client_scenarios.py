"""Runs of the client, which the suite makes in a short form and the torture at full size."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from functools import partial
from random import Random

from app.client.transports.choice import Transport
from tests.client.cutting_proxy import CuttingProxy
from tests.client.readers import Reader, logs, readers_of, reading
from tests.support.checker import Ledger, SubscriberLog, judge
from tests.support.crowds import has_acknowledged, newest_log, publish_in_batches, publish_until, stored_log
from tests.support.ports import own_port
from tests.support.publishers import LAST, SHIPPED, Publisher, counted
from tests.support.servers import start_server
from tests.support.subscribers import open_client, poll
from tests.transports.grpc.conftest import GRPC_IS_INSTALLED

TRANSPORTS: tuple[Transport, ...] = ("sse", "websocket", "grpc") if GRPC_IS_INSTALLED else ("sse", "websocket")


async def read_through(proxy: CuttingProxy, url: str, readers: list[Reader], *, events: int, seed: int) -> Ledger:
    """Publish at the server while readers read through the proxy; judge what they read."""
    ledger = Ledger()
    async with open_client() as client, reading(readers):
        await Publisher(url, ledger).publish_all(client, counted(0, events), random=Random(seed), most=20)
        await Publisher(url, ledger).ends(client)
    assert proxy.broken > 0
    assert judge(ledger, [*logs(readers), stored_log(url)]) == []
    return ledger


async def read_through_kills(store: str, *, kills: int, readers: int, seed: int) -> Ledger:
    ledger, random, stop = Ledger(), Random(seed), asyncio.Event()
    with ExitStack() as stack:
        grpc_port = own_port()
        start = partial(start_server, store, *(["--grpc-port", str(grpc_port)] if GRPC_IS_INSTALLED else []))
        server = stack.enter_context(await asyncio.to_thread(start, port=own_port()))
        url, port = server.events_url, server.port
        followers = readers_of(
            server.url,
            readers,
            seed=seed,
            most_events=300,
            transports=TRANSPORTS,
            grpc_url=f"grpc://127.0.0.1:{grpc_port}",
        )
        async with open_client() as client, reading(followers):
            async with asyncio.TaskGroup() as group:
                for number in range(2):
                    writer = Publisher(url, ledger, patience=None if number else 1)
                    group.create_task(publish_until(stop, writer, client, number, Random(f"{seed} {number}"), most=20))
                for _ in range(kills):
                    await has_acknowledged(ledger, random.randint(0, 300))
                    await asyncio.to_thread(server.kill)
                    server = stack.enter_context(await asyncio.to_thread(start, port=port))
                stop.set()
            await Publisher(url, ledger).ends(client)
        assert judge(ledger, [*logs(followers), stored_log(url)]) == []
    return ledger


async def read_slowly(store: str, arguments: tuple[str, ...], *, kept: int, gaps: list[str]) -> list[Reader]:
    """Let readers stop until far more has been published than the kernel buffers; judge what they read."""
    ledger, random = Ledger(), Random(56)
    with ExitStack() as stack:
        server = stack.enter_context(await asyncio.to_thread(start_server, store, *arguments))
        async with open_client(receive_bytes=65_536) as narrow, open_client() as client:
            readers = readers_of(server.url, 3, seed=57)
            for reader in readers:
                reader.blocking, reader.http = False, narrow
                reader.options = {"from_": "earliest"}
                reader.until, reader.log = LAST[SHIPPED], SubscriberLog(reader.log.name)
                reader.pause_before = random.randint(1, 100)
            publisher = Publisher(server.events_url, ledger, characters=500)
            await publish_in_batches(publisher, client, counted(0, kept))
            async with reading(readers):
                await poll(lambda: all(each.events == each.pause_before for each in readers), "readers to stop")
                await publish_in_batches(publisher, client, counted(1, kept))
                for reader in readers:
                    reader.resume.set()
                publisher.characters = 0
                await publisher.ends(client)
        log = newest_log(server.events_url, ledger)
        assert judge(ledger, [*logs(readers), log], gaps=gaps) == []
    return readers
