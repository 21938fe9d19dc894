"""Runs in which readers change the transport while the server is killed and drained; the suite makes them in short, `make torture` at length."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, Final

import httpx

from tests.support.foreign_streams import TRANSPORTS, Address, Event, Start, pages
from tests.support.hopping_reader import Faults, HoppingReader, faults_of
from tests.support.ports import own_port
from tests.support.publishers import NO_TLS, PATIENCE_SECONDS, RETRY_SECONDS
from tests.support.servers import start_server
from tests.support.subscribers import ANSWER_SECONDS

MOST_IN_A_REQUEST: Final = 20
THREADS: Final = 2 * len(TRANSPORTS) + 1  # the readers and the publisher


@dataclass(slots=True)
class Outcome:
    """The result of a run.

    `faults`: the faults of each reader.
    `hops`: how often readers changed from one transport to another.
    `endings`: how often connections over a transport were left, were ended by the server, were cut, or were refused.
    """

    events: int
    faults: list[Faults]
    hops: Counter[tuple[str, str]]
    endings: Counter[tuple[str, str]]


def follow_across_transports(
    store: str, events: Sequence[dict[str, Any]], *, restarts: int, most_events: int, lead: int, seed: int
) -> Outcome:
    """Publish events while readers follow, and in turn kill and drain the server.

    On each transport two readers begin: one of all events, and one of a single type, which must be that of the last event.

    `most_events`: a reader leaves by itself after 1 to this many events.
    `lead`: how many events the publisher may be ahead of the slowest reader of all events.
    """
    progress, last_order = Progress(), events[-1]["data"]["orderId"]
    start = partial(start_server, store, "--grpc-port", str(own_port()), port=own_port())
    with ThreadPoolExecutor(THREADS) as threads, ExitStack() as stack:
        server = stack.enter_context(start())
        stack.callback(progress.stop.set)
        address = Address.of(server)
        readers = [
            HoppingReader(
                address, name, types, Random(f"{seed} {name} {types}"), most_events, last_order, progress.made
            )
            for types in ((), (events[-1]["eventType"],))
            for name in TRANSPORTS
        ]
        publisher = SteadyPublisher(address.events_url, Random(seed), progress, readers[: len(TRANSPORTS)], lead)
        progress.watch(threads.submit(publisher.publish_all, events))
        for reader in readers:
            progress.watch(threads.submit(reader.follow, progress.stop))
        for number in range(1, restarts + 1):
            progress.wait(partial(publisher.has_published, len(events) * number // (restarts + 1)))
            if number % 2:
                server.kill()
            else:
                assert server.terminate() == 0
            server = stack.enter_context(start())
        progress.wait_for_the_end()
        stored = list(_replayed(address, last_order))
    assert stored == publisher.acknowledged
    return Outcome(
        events=len(stored),
        faults=[faults_of(reader.events, [each for each in stored if reader.wants(each)]) for reader in readers],
        hops=sum((reader.hops for reader in readers), Counter()),
        endings=sum((reader.endings for reader in readers), Counter()),
    )


class Progress:
    """The progress of a run, for which its threads wait. `stop`: set when they must end."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._moved = threading.Condition()
        self._threads: list[Future[None]] = []

    def made(self, *_: object) -> None:
        """Let the threads that wait check their conditions again."""
        with self._moved:
            self._moved.notify_all()

    def watch(self, thread: Future[None]) -> None:
        """End the waiting of the other threads if this one fails."""
        self._threads.append(thread)
        thread.add_done_callback(self.made)

    def wait(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition is true. Raises the error of a thread that failed."""
        with self._moved:
            self._moved.wait_for(lambda: condition() or self._failed() or self.stop.is_set(), PATIENCE_SECONDS)
        for thread in self._failed():
            thread.result()
        assert condition()

    def wait_for_the_end(self) -> None:
        """Wait until all threads have ended."""
        self.wait(lambda: all(thread.done() for thread in self._threads))

    def _failed(self) -> list[Future[None]]:
        return [thread for thread in self._threads if thread.done() and thread.exception() is not None]


class SteadyPublisher:
    """A publisher of events in order, each request until it is acknowledged. `acknowledged`: the events as the answers name them."""

    def __init__(
        self, url: str, random: Random, progress: Progress, readers: Sequence[HoppingReader], lead: int
    ) -> None:
        self.acknowledged: list[Event] = []
        self._url = url
        self._random = random
        self._progress = progress
        self._readers = readers
        self._lead = lead

    def publish_all(self, events: Sequence[dict[str, Any]]) -> None:
        """Publish 1 to MOST_IN_A_REQUEST events at a time, while the slowest reader is close."""
        with httpx.Client(trust_env=False, timeout=ANSWER_SECONDS, verify=NO_TLS) as client:
            while (first := len(self.acknowledged)) < len(events):
                self._progress.wait(self._is_close)
                some = events[first : first + self._random.randint(1, MOST_IN_A_REQUEST)]
                for event, answer in zip(some, self._published(client, some), strict=True):
                    self.acknowledged.append(
                        Event(answer["id"], answer["eventType"], answer["schemaVersion"], event["data"])
                    )
                self._progress.made()

    def has_published(self, count: int) -> bool:
        return len(self.acknowledged) >= count

    def _is_close(self) -> bool:
        return len(self.acknowledged) < min(len(reader.events) for reader in self._readers) + self._lead

    def _published(self, client: httpx.Client, events: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
        while True:
            try:
                answer = client.post(self._url, json=events)
            except (httpx.NetworkError, httpx.RemoteProtocolError):
                pass  # the server was killed, perhaps after it had stored the events: their eventIds make it safe to send them again
            else:
                if answer.status_code == 201:
                    return list(answer.json()["events"])
                assert answer.status_code == 503, answer.text
            assert not self._progress.stop.wait(RETRY_SECONDS), "the run has ended"


def _replayed(address: Address, last_order: str) -> Iterator[Event]:
    """Read the whole log in pages."""
    for each in pages(address, Start(None, ())):
        if isinstance(each, Event):
            yield each
            if each.data["orderId"] == last_order:
                return
