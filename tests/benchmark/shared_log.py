"""What a delivery costs a node of a shared log, beside a server with an SQLite log: the CPU time of each for one more subscriber.

    .venv/bin/python -m tests.benchmark.shared_log [--subscribers 200 2000] [--events 100] [--rounds 5]

Events are published one by one, each once every subscriber has the one before: two that come together share a write, and a server with
SQLite, which acknowledges sooner, would share more of them. The CPU time of an event is measured with few subscribers and with many, and
the difference is divided by the subscribers that came to it. So the cost of storing an event does not count, nor do the NATS servers. The
script ends with 1 if a node takes more than 1.03 of what SQLite does (the median of the rounds), or if a subscriber missed an event.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from statistics import median
from typing import Final

import httpx

from tests.benchmark.cores import started_on
from tests.benchmark.ours import OURS, serve
from tests.benchmark.running import (
    DRIVER_CORE,
    START_SECONDS,
    MeasurementError,
    Running,
    faults,
    running,
    scratch_folder,
)
from tests.support.nats_cluster import NatsCluster
from tests.support.nodes import STREAM, init_stream

LARGEST_RATIO: Final = 1.03
NODE: Final = "a node"
ALONE: Final = "SQLite"
_WARM_UP_SECONDS: Final = "0.5"


@contextmanager
def servers(folder: Path) -> Iterator[Mapping[str, Running]]:
    """Run a server of each kind, and three NATS servers for the node, which run where the driver does."""
    with ExitStack() as until_end:
        with started_on(DRIVER_CORE):
            nats = until_end.enter_context(NatsCluster(folder))
        init_stream(nats)
        store = f"{nats.url}/{STREAM}?cache={folder / 'copy.db'}&monitor={nats.monitor}"
        node = replace(OURS, name="orders-events-node", command=lambda _, port: serve(store, port))
        with running(OURS, folder) as alone, running(node, folder) as on_shared_log:
            _wait_until_ready(on_shared_log)
            yield {NODE: on_shared_log, ALONE: alone}


def _wait_until_ready(node: Running) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while httpx.get(f"http://127.0.0.1:{node.port}/health/ready", trust_env=False).status_code != HTTPStatus.OK:
        if time.monotonic() > give_up_at:
            raise MeasurementError(f"The node does not follow the log after {START_SECONDS} s.")
        time.sleep(0.02)  # nothing announces it


def event_cost(server: Running, subscribers: int, events: int) -> float:
    """Return the CPU time of a server for one event with so many subscribers, in microseconds. Raises MeasurementError."""
    pace = ["--mode", "lockstep", "--events", str(events), "--warm-up-seconds", _WARM_UP_SECONDS]
    report = server.drive(*pace, "--subscribers", str(subscribers), *OURS.subscribing(), *OURS.publishing())
    if faults(report):
        raise MeasurementError(f"Events were not delivered as they should be: {faults(report)}")
    return 1e6 * float(report["window"]["server_cpu_seconds"]) / int(report["events"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subscribers", type=int, nargs=2, default=(200, 2000), metavar=("FEW", "MANY"))
    parser.add_argument("--events", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    few, many = given.subscribers
    ratios: list[float] = []
    with scratch_folder() as folder, servers(folder) as measured:
        for number in range(given.rounds):
            costs = {
                name: [event_cost(measured[name], crowd, given.events) for crowd in (few, many)]
                for name in _order(number)
            }
            each = {name: (most - least) / (many - few) for name, (least, most) in costs.items()}
            ratios.append(each[NODE] / each[ALONE])
            _say(f"for one more subscriber: a node {each[NODE]:.2f} µs, SQLite {each[ALONE]:.2f} µs")
    _say(f"a node / SQLite: {median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})")
    return int(median(ratios) > LARGEST_RATIO)


def _order(number: int) -> Sequence[str]:
    return (NODE, ALONE) if number % 2 else (ALONE, NODE)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
