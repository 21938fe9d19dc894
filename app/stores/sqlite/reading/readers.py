"""Reading a SQLite log in a few threads, with connections that cannot write.

A read transaction that stays open keeps SQLite from reusing the WAL file (its write-ahead log), so no read transaction lasts
longer than its query. If bytes do not match their checksums, the query fails with StoreUnavailable, and the server logs an
error.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier
from typing import TypeVar

from app.events.errors import StoreUnavailable
from app.stores.sqlite.errors import Unfit
from app.stores.sqlite.file.connections import connect_reader
from app.stores.sqlite.file.lock import FileLock
from app.stores.sqlite.file.look import means_damage

THREADS = 2  # a slow disk must not hold up all reads; more threads would fight for the interpreter, row by row

Result = TypeVar("Result")

logger = logging.getLogger(__name__)


class Readers:
    """Threads that run queries on a log. A query sees the log as it was when the query began.

    `path`: the path of the log. `lock`: its lock. `vfs`: the SQLite VFS (file access layer) to use. `on_damage`: called on a thread
    after a query that found damage, if it is not None.
    """

    def __init__(self, path: Path, lock: FileLock, vfs: str, on_damage: Callable[[], None] | None = None) -> None:
        self._path = path
        self._lock = lock
        self._vfs = vfs
        self._on_damage = on_damage
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="log-reader")
        self._idle: deque[sqlite3.Connection] = deque()
        self._long_queries = asyncio.Lock()

    async def run(self, query: Callable[[sqlite3.Connection], Result]) -> Result:
        """Run a query in its own transaction on a thread, and return its result. Raises StoreUnavailable if the log cannot be
        read, and any other error of the query.
        """
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, query)

    async def run_long(self, query: Callable[[sqlite3.Connection], Result]) -> Result:
        """Run a query that takes long, as `run` does, once no other such query runs: one thread at least is left for all others."""
        async with self._long_queries:
            return await self.run(query)

    @contextmanager
    def held_up(self) -> Iterator[None]:
        """Let no query run during the body of a `with` statement: wait for the queries that run, and let later ones wait.

        It must not be called twice at the same time.
        """
        everyone = Barrier(THREADS + 1)
        for _ in range(THREADS):
            self._threads.submit(_pass_twice, everyone)
        everyone.wait()
        try:
            yield
        finally:
            everyone.wait()

    def close(self) -> None:
        """Wait until the running queries have ended, then close the connections."""
        self._threads.shutdown()
        for connection in self._idle:
            connection.close()

    def _run(self, query: Callable[[sqlite3.Connection], Result]) -> Result:
        try:
            with self._connection() as connection, connection:
                connection.execute("BEGIN")
                return query(connection)
        except (sqlite3.Error, Unfit, UnicodeDecodeError) as error:
            logger.error("The log %s could not be read: %s.", self._path, error)  # noqa: TRY400 - the sentence says it all
            if self._on_damage is not None and means_damage(error):
                self._on_damage()
            raise StoreUnavailable("The log cannot be read now; try again later.") from error

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._idle.pop()
        except IndexError:
            self._lock.require_in_place()
            connection = connect_reader(self._path, self._vfs)
        try:
            yield connection
        finally:
            if connection.in_transaction:  # it could not even end, and would hold the WAL file
                connection.close()
            else:
                self._idle.append(connection)


def _pass_twice(barrier: Barrier) -> None:
    barrier.wait()
    barrier.wait()
