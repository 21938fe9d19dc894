"""Floods of requests that cost a server more than they cost the client, from a process of its own: `python -m … NAME PORT`."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import Final, NamedTuple, TypeAlias

import uvloop

from tests.transports.http.orders import EVENTS, cancelled
from tests.transports.http.wire import post, request

Attack: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

DRIP_SECONDS: Final = 2.0
STALLED_BUFFER: Final = 4096
LOWEST_PRIORITY: Final = 19
_ANSWER: Final = 2**20


class Flood(NamedTuple):
    """An attack on one connection, and how many clients repeat it at the same time, each on a new connection."""

    clients: int
    attack: Attack


def _drip(first: bytes, then: bytes) -> Attack:
    """Send the beginning of a request, and then a little of the rest at a time."""

    async def attack(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        while True:
            await writer.drain()
            await asyncio.sleep(DRIP_SECONDS)
            writer.write(then)

    return attack


def _ask(sent: bytes) -> Attack:
    """Send a request again and again, and read all that is answered."""

    async def attack(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(sent)
            await writer.drain()
            if not await reader.read(_ANSWER):
                return

    return attack


def _read_nothing(sent: bytes) -> Attack:
    async def attack(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)
        await asyncio.Event().wait()

    return attack


def _replay(query: str) -> bytes:
    return request(f"{EVENTS}?{query}", "Accept: text/event-stream", "Connection: close")


_BAD: Final = [cancelled(reason="x" * 500, schemaVersion="9.9.9")] * 1_000

FLOODS: Final[Mapping[str, Flood]] = {
    "slow heads": Flood(200, _drip(request(EVENTS)[:-2], b"X: y\r\n")),
    "silent connections": Flood(3_000, _drip(b"", b"")),
    "slow bodies": Flood(50, _drip(post(EVENTS, b"[" * 100_000)[:-99_000], b"[")),
    "readers that stop": Flood(20, _read_nothing(request(f"{EVENTS}?from=earliest"))),
    "replays of everything": Flood(200, _ask(_replay("from=earliest&follow=false"))),
    "replays since a time": Flood(200, _ask(_replay("since=2024-05-01T10:00:00Z&limit=10"))),
    "replays without a match": Flood(200, _ask(_replay("from=earliest&follow=false&orderId=none"))),
    "too many values": Flood(8, _ask(post(EVENTS, b"[" + b"{}," * 100_000 + b"{}]"))),
    "many keys": Flood(
        8, _ask(post(EVENTS, json.dumps({f"key{number}": number for number in range(60_000)}).encode()))
    ),
    "7 MB of keys": Flood(
        1, _ask(post(EVENTS, json.dumps({f"key{number}": number for number in range(350_000)}).encode()))
    ),
    "bad events": Flood(8, _ask(post(EVENTS, json.dumps(_BAD).encode()))),
    "a number of 1 MB": Flood(8, _ask(post(EVENTS, b"1" * 1_000_000))),
    "8 MB of objects": Flood(1, _ask(post(EVENTS, b"[" + b"{}," * 2_700_000 + b"{}]"))),
}


@contextmanager
def flood(name: str, port: int) -> Iterator[None]:
    """Let a flood go on while the context lasts. It begins once all clients have connected."""
    process = subprocess.Popen([sys.executable, "-m", __spec__.name, name, str(port)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.read(1), "The flood has not begun."
        yield
        assert process.poll() is None
    finally:
        process.kill()
        process.communicate()


async def _run(clients: int, attack: Attack, port: int) -> None:
    waiting = set(range(clients))

    def connected(client: int) -> None:
        if client in waiting:
            waiting.remove(client)
            if not waiting:
                os.write(sys.stdout.fileno(), b"!")

    await asyncio.gather(*(_repeat(attack, port, partial(connected, client)) for client in range(clients)))


async def _repeat(attack: Attack, port: int, connected: Callable[[], None]) -> None:
    while True:
        with suppress(OSError):
            own = socket.socket()
            if attack is FLOODS["readers that stop"].attack:
                own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, STALLED_BUFFER)
            own.setblocking(False)  # its only argument
            await asyncio.get_running_loop().sock_connect(own, ("127.0.0.1", port))
            reader, writer = await asyncio.open_connection(sock=own)
            connected()
            await attack(reader, writer)
            writer.close()


if __name__ == "__main__":
    os.nice(LOWEST_PRIORITY)  # a flood that takes the cores from its target would say nothing of the target
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(*FLOODS[sys.argv[1]], int(sys.argv[2])))
