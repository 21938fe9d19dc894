"""The program of the Python client's README that mirrors the stream into a table, killed and started again."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Self

from tests.documents.readme_text import PYTHON_CLIENT, at, python_examples
from tests.support.checker import Ledger, Mark, SubscriberLog, judge
from tests.support.crowds import has_acknowledged, publish_until, stored_log
from tests.support.installed_client import client_environment
from tests.support.ports import own_port
from tests.support.publishers import LAST, SHIPPED, Publisher
from tests.support.servers import sqlite, start_server
from tests.support.subscribers import PATIENCE_SECONDS, open_client, poll

VICTIMS = (("mirror",), ("server",), ("mirror",), ("server", "mirror"))


def mirror_program(url: str) -> str:
    """Return the text of the program, which follows the server at `url`."""
    (program,) = (example for example in python_examples(PYTHON_CLIENT) if "sqlite3" in example)
    return at(url, program)


class Mirror:
    """The program in a process that can be killed; its table is in a folder."""

    def __init__(self, url: str, folder: Path) -> None:
        self._program = mirror_program(url)
        self._folder = folder
        self._process = self._started()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()

    def kill(self) -> None:
        """Send SIGKILL to the program, which must be running."""
        assert self._process.poll() is None, "the mirror ended by itself"
        self._process.kill()
        self._process.wait()

    def pause(self) -> None:
        """Stop the program without ending it, so that it falls behind."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def start(self) -> None:
        self._process = self._started()

    def size(self) -> int:
        """Return how many events are in the table; none is ever deleted."""
        ((newest,),) = self._query("SELECT coalesce(max(rowid), 0) FROM events") or [(0,)]
        return int(newest)

    def holds(self, events: int) -> bool:
        return self.size() >= events

    def log(self) -> SubscriberLog:
        """Read the table, in the order of insertion, as a subscriber's log."""
        log = SubscriberLog("mirror")
        for event_id, event_type, order_id, happened in self._query("SELECT * FROM events ORDER BY rowid"):
            log.take(event_type, json.dumps({"orderId": order_id, "when": happened}), event_id)
        return log

    def has(self, mark: Mark) -> bool:
        """Return whether an event is the newest in the table."""
        return self._query("SELECT order_id FROM events ORDER BY rowid DESC LIMIT 1") == [(str(mark),)]

    def _query(self, query: str) -> list[tuple[Any, ...]]:
        if not (self._folder / "mirror.db").exists():
            return []
        with closing(sqlite3.connect(self._folder / "mirror.db", timeout=PATIENCE_SECONDS)) as table:
            try:
                return table.execute(query).fetchall()
            except sqlite3.OperationalError:  # the program was killed before it made its table
                return []

    def _started(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", self._program], cwd=self._folder, env=client_environment())


@dataclass(frozen=True, slots=True)
class MirrorReport:
    """The figures of a run."""

    events: int
    server_kills: int
    mirror_kills: int


async def mirrored_through_kills(folder: Path, *, rounds: int, seed: int) -> MirrorReport:
    """Kill the server, the program or both, repeatedly, during publishing; judge what is in the table."""
    ledger, random, stop = Ledger(), Random(seed), asyncio.Event()
    kills = {"server": 0, "mirror": 0}
    with ExitStack() as stack:
        server = stack.enter_context(await asyncio.to_thread(start_server, sqlite(folder), port=own_port()))
        url, port = server.events_url, server.port
        mirror = stack.enter_context(Mirror(server.url, folder))
        async with open_client() as client:
            async with asyncio.TaskGroup() as group:
                for number in range(2):
                    writer = Publisher(url, ledger, patience=None if number else 1)
                    work = publish_until(
                        stop, writer, client, number, Random(f"{seed} {number}"), most=5, pause_seconds=0.05
                    )
                    group.create_task(work)
                for number in range(rounds):
                    victims = VICTIMS[number % len(VICTIMS)]
                    # A program that is behind writes all the time, so it is killed while it writes.
                    mirror.pause()
                    await has_acknowledged(ledger, 150)
                    mirror.go_on()
                    # Read while it runs: a program that is stopped in the middle of a commit keeps its table locked.
                    enough = mirror.size() + random.randint(1, 100)
                    await poll(partial(mirror.holds, enough), "the mirror to grow")
                    if "mirror" in victims:
                        mirror.kill()
                    if "server" in victims:
                        await asyncio.to_thread(server.kill)
                        server = stack.enter_context(await asyncio.to_thread(start_server, sqlite(folder), port=port))
                    if "mirror" in victims:
                        mirror.start()
                    for victim in victims:
                        kills[victim] += 1
                stop.set()
            await Publisher(url, ledger).ends(client)
        await poll(lambda: mirror.has(LAST[SHIPPED]), "the last event in the table", timeout_seconds=PATIENCE_SECONDS)
        log = mirror.log()
        assert judge(ledger, [log, stored_log(url)]) == []
    return MirrorReport(len(log.delivered), kills["server"], kills["mirror"])
