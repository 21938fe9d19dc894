"""A run in which a server with many streams is replaced by another; the suite makes it in short, `make torture` at full size."""

from __future__ import annotations

import time
from typing import NamedTuple

import httpx

from tests.support.ports import own_port
from tests.support.reconnecting_crowd import Crowd, Figures
from tests.support.server_process import ServerProcess

PATIENCE_SECONDS = 120
PAUSE_SECONDS = 0.05


class Return(NamedTuple):
    """The figures of a run, with the crowd's own work in them: it shares the cores, and at a lower priority it would come back later.

    `seconds`: from the start of the second server until all streams were open again. `request_seconds`: how
    long each request meanwhile took, in order of length."""

    seconds: float
    request_seconds: list[float]
    exit_code: int
    crowd: Figures

    @property
    def p99_seconds(self) -> float:
        return self.request_seconds[len(self.request_seconds) * 99 // 100]


def replaced_server(store: str, streams: int) -> Return:
    """Open streams, replace the server by another on the same port, and wait until all streams are open again."""
    port = own_port()
    with ServerProcess("--store", store, port=port) as first, Crowd(first.events_url, streams) as crowd:
        wait_for_all(crowd, streams)
        exit_code = first.terminate()
        with ServerProcess("--store", store, port=port) as second, httpx.Client(base_url=second.url) as client:
            started = time.monotonic()
            times = []
            while crowd.figures.open < streams and time.monotonic() < started + PATIENCE_SECONDS:
                asked = time.monotonic()
                assert client.get("/health/ready", timeout=PATIENCE_SECONDS).status_code == 200
                times.append(time.monotonic() - asked)
                time.sleep(PAUSE_SECONDS)
            return Return(time.monotonic() - started, sorted(times), exit_code, crowd.figures)


def wait_for_all(crowd: Crowd, streams: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while crowd.figures.open < streams:
        assert time.monotonic() < deadline, crowd.figures
        time.sleep(PAUSE_SECONDS)
