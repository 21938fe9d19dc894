"""The readers that come back at once after a restart, each with the id of the last event that it has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final
from urllib.request import Request, urlopen

from tests.benchmark.delivering import Measure
from tests.benchmark.running import Report, Running, running
from tests.benchmark.sizes import MISSED
from tests.benchmark.systems import System

_AT_A_TIME: Final = (
    2_000  # connections that wait for their stream; a server's queue of new connections holds about as many
)


def returning(subscribers: int) -> Measure:
    """Store events that the readers missed, start the server again, and let all readers come back: each reads what it missed."""

    def measure(system: System, scratch: Path) -> Report:
        with running(system, scratch) as server:
            last_id = _head(server)
            server.drive("--mode", "publish", "--events", str(MISSED), *system.publishing(MISSED))
        reading = ["--mode", "read", "--subscribers", str(subscribers), "--events", str(MISSED)]
        resuming = ["--header", f"Last-Event-ID: {last_id}", "--connecting", str(_AT_A_TIME)]
        with running(system, scratch) as server:
            return server.drive(*reading, *resuming, *system.subscribing())

    return measure


def returning_figures(report: Report) -> dict[str, float]:
    readers = report["subscribers"]["count"]
    return {
        "cpu_ms_per_reader": 1e3 * report["window"]["server_cpu_seconds"] / readers,
        "seconds_until_all_have_all": report["last_event_seconds"],
    }


def _head(server: Running) -> str:
    """Return the id of the newest event of the log, as a page of events reports it."""
    url = f"http://127.0.0.1:{server.port}{server.system.path}"
    with urlopen(Request(url, headers={"Accept": "application/json"})) as page:
        return str(json.load(page)["lastEventId"])
