"""The writer of a SQLite log: one thread, which stores all waiting requests in one transaction with one fsync.

Once a transaction is on disk, the event loop is notified: once for each transaction, in the order of the log. If a transaction
fails, only the requests in it fail; the next transaction tries again.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Final, NamedTuple, TypeAlias

from app.events.errors import StoreUnavailable
from app.events.event import Event
from app.events.log.event_store import Appended, Commit
from app.events.log.write_health import DiskUse, WriteHealth
from app.stores.local.retention import CHECK_SECONDS
from app.stores.sqlite.errors import FileMoved, NotSynced, Unfit
from app.stores.sqlite.transactions import Outcome, Transactions

ROOM_BYTES: Final = 64 * 1024 * 1024  # of the disk: several requests of the greatest length, with their indexes
GROUP_EVENTS = 5_000  # in one transaction: enough to share its fsync, few enough for the next one to wait for it

_OF_DISK: Final = (OSError, sqlite3.OperationalError, NotSynced, FileMoved)

logger = logging.getLogger(__name__)


class Request(NamedTuple):
    """The events of one request to store, and the future (`appended`) that gets the outcome."""

    events: Sequence[Event]
    appended: asyncio.Future[list[Appended]]


HandOver: TypeAlias = Callable[[Commit | None, Sequence[tuple[Request, Outcome]]], None]


class Writer:
    """A thread that stores the events of requests in the order in which the requests were submitted.

    `transactions`: writes to the log; used on this thread only. `hand_over`: called on this thread after each transaction, with its result.
    `health`: counts the transactions. `disk_use`: returns how much of the disk is free. `checks_ages`: if True, events that are too old are
    deleted twice a second, even if no request is submitted.
    """

    def __init__(
        self,
        transactions: Transactions,
        hand_over: HandOver,
        health: WriteHealth,
        disk_use: Callable[[], DiskUse | None],
        *,
        checks_ages: bool,
    ) -> None:
        self._transactions = transactions
        self._hand_over = hand_over
        self._idle_seconds = CHECK_SECONDS if checks_ages else None
        self._health = health
        self._disk_use = disk_use
        self._may_pass = False  # whether the last failure was one of the disk, and not of the data
        self._requests: SimpleQueue[Request | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="log-writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def submit(self, request: Request) -> None:
        self._requests.put(request)

    def close(self) -> None:
        """Store the events of all submitted requests, then close the log."""
        self._requests.put(None)
        self._thread.join()
        self._transactions.close()

    def _run(self) -> None:
        closing = False
        while not closing:
            requests, closing = self._take()
            commit, outcomes = self._commit([request.events for request in requests])
            if commit is not None or requests:
                self._hand_over(commit, list(zip(requests, outcomes, strict=True)))
            self._transactions.shorten_wal()

    def _take(self) -> tuple[list[Request], bool]:
        """Wait for a request. Returns all requests that are waiting then, and whether the writer must close after storing
        them.
        """
        requests: list[Request] = []
        events = 0
        timeout = self._wait_seconds()
        while events < GROUP_EVENTS:
            try:
                request = self._requests.get(timeout=timeout)
            except Empty:
                break
            if request is None:
                return requests, True
            requests.append(request)
            events += len(request.events)
            timeout = 0
        return requests, False

    def _wait_seconds(self) -> float | None:
        if self._health.is_failing:
            return CHECK_SECONDS
        return 0 if self._transactions.has_more_to_delete else self._idle_seconds

    def _commit(self, requests: Sequence[Sequence[Event]]) -> tuple[Commit | None, Sequence[Outcome]]:
        try:
            if self._health.is_failing:
                self._transactions.mend()
            began = time.perf_counter()
            commit, outcomes = self._transactions.commit(requests)
        except Exception as error:  # noqa: BLE001 - each waiting request must get an answer, and the next one must find a writer
            if not self._health.is_failing:
                logger.error("The log cannot be written: %s.", error)  # noqa: TRY400 - the sentence says it all
            self._health.failures += 1
            self._health.is_failing = True
            self._may_pass = isinstance(error, _OF_DISK)
            return None, [_failure(error) for _ in requests]
        if commit is not None:
            self._health.commit_seconds.observe(time.perf_counter() - began)
            self._note_success()
        elif self._health.is_failing and self._may_pass and not requests:
            self._try_disk()
        return commit, outcomes

    def _try_disk(self) -> None:
        """Find out whether the log can be written again, although nobody publishes.

        A small write may succeed on a disk that is full: SQLite writes again where its `-wal` file has been copied.
        """
        disk = self._disk_use()
        if disk is not None and disk.free_bytes >= ROOM_BYTES:
            with suppress(OSError, sqlite3.Error, Unfit):
                self._transactions.try_disk()
                self._note_success()

    def _note_success(self) -> None:
        if self._health.is_failing:
            logger.warning("The log can be written again.")
            self._health.is_failing = False


def _failure(error: Exception) -> Exception:
    if isinstance(error, (OSError, sqlite3.Error, Unfit, UnicodeDecodeError)):
        return StoreUnavailable("The log cannot be written now; try again later.")
    return error
