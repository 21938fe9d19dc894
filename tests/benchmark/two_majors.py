"""What a second major version costs: the same number of readers on one major, and half of them on each.

    .venv/bin/python -m tests.benchmark.two_majors [--readers 2000] [--events 200] [--rounds 5]

Events are published one by one in the newest major, each once all readers have the one before. The figure is the CPU time of the server
for each event that one reader gets. The script ends with 1 if half on each costs more than 1.1 of all on one
(the mean of the two majors).
"""

from __future__ import annotations

import argparse
import os
import selectors
import socket
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final

import httpx

from tests.support.contract_copy import ContractCopy
from tests.support.order_shipped_2 import MOST, VERSION, add_order_shipped_2
from tests.support.server_process import ServerProcess

LARGEST_RATIO: Final = 1.1
CROWDS: Final = {"all on 1": (1, 1), "half on each": (1, 2), "all on 2": (2, 2)}
"""The majors of the two halves of the readers."""

_HEAD = "GET /events/orders?majorVersion={} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"
_END_OF_FRAME = b"\n\n\r\n"  # its blank line, and the end of its chunk
_MEMBER_OF = {1: b'"when"', 2: b'"shippedAt"'}
_SILENCE_SECONDS = 60


class Readers:
    """Connections that each follow the stream in one major."""

    def __init__(self, port: int, majors: Sequence[int], stack: ExitStack) -> None:
        self._selector = stack.enter_context(selectors.DefaultSelector())
        self._count = len(majors)
        for major in majors:
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            connection.sendall(_HEAD.format(major).encode())
            self._selector.register(connection, selectors.EVENT_READ, major)

    def await_frame(self, of_order: bool = True) -> None:
        """Read until every connection has got one more frame: an order event in its major, or the beginning of the stream."""
        received: dict[int, bytes] = {}
        waiting = self._count
        while waiting:
            ready = self._selector.select(_SILENCE_SECONDS)
            assert ready, f"{waiting} readers got nothing for {_SILENCE_SECONDS} seconds."
            for key, _ in ready:
                frame = received[key.fd] = received.get(key.fd, b"") + os.read(key.fd, 65_536)
                if _END_OF_FRAME in frame:
                    assert not of_order or _MEMBER_OF[key.data] in frame
                    waiting -= 1


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used, in user and in kernel mode."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def server() -> Iterator[ServerProcess]:
    """Start a server with two majors of order.shipped."""
    with tempfile.TemporaryDirectory() as folder:
        contract = ContractCopy(Path(folder) / "contract")
        add_order_shipped_2(contract)
        arguments = ("--store", "memory:", "--contract", str(contract.root), "--heartbeat-seconds", "30")
        with ServerProcess(*arguments) as running:
            yield running


def measure(majors: Sequence[int], events: int) -> float:
    """Return the CPU time of a delivery in microseconds, with one reader for each of `majors`."""
    event: dict[str, Any] = {"eventType": "order.shipped", "schemaVersion": VERSION, "data": MOST}
    with server() as running, httpx.Client(trust_env=False) as client, ExitStack() as stack:
        readers = Readers(running.port, majors, stack)
        readers.await_frame(of_order=False)
        before = cpu_seconds(running.pid)
        for _ in range(events):
            client.post(running.events_url, json=event).raise_for_status()
            readers.await_frame()
        return 1e6 * (cpu_seconds(running.pid) - before) / (events * len(majors))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=2000)
    parser.add_argument("--events", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    ServerProcess.is_measured = False
    rounds: list[dict[str, float]] = []
    for number in range(options.rounds):
        order = list(CROWDS.items())[:: -1 if number % 2 else 1]
        rounds.append({name: measure(pair * (options.readers // 2), options.events) for name, pair in order})
        sys.stdout.write(", ".join(f"{name}: {rounds[-1][name]:.2f} µs" for name in CROWDS) + "\n")
        sys.stdout.flush()
    ratios = [2 * each["half on each"] / (each["all on 1"] + each["all on 2"]) for each in rounds]
    sys.stdout.write(f"half on each / all on one: {median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})\n")
    return int(median(ratios) > LARGEST_RATIO)


if __name__ == "__main__":
    sys.exit(main())
