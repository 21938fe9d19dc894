"""A running system: its server on the first core, the load driver on the second one."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.benchmark.cores import started_on
from tests.benchmark.programs import BUILD, compile_program
from tests.benchmark.systems import System
from tests.support.ports import own_port

START_SECONDS: Final = 60
STOP_SECONDS: Final = 30
DRIVER_SECONDS: Final = 900  # the driver gives up by itself much earlier

_SERVER_CORE: Final = 0
DRIVER_CORE: Final = 1


Report = dict[str, Any]


class MeasurementError(Exception):
    """Raised when a server did not start, or the driver could not measure it."""


@dataclass(frozen=True, slots=True)
class Running:
    """A system that accepts connections."""

    system: System
    ports: Sequence[int]
    process: int

    @property
    def port(self) -> int:
        """The port of HTTP."""
        return self.ports[0]

    def drive(self, *options: str) -> Report:
        """Run the driver against the server; return its report, faults included. Raises MeasurementError."""
        ports = ["--port", str(self.port), "--stream-port", str(self.ports[-1])]
        command = [str(compile_program("driver")), *ports, "--server", str(self.process), *options]
        with started_on(DRIVER_CORE):
            done = subprocess.run(command, capture_output=True, text=True, timeout=DRIVER_SECONDS, check=False)
        if done.returncode not in {0, 1}:
            message = f"{self.system.title} was not measured: {done.stderr.strip() or f'exit {done.returncode}'}"
            raise MeasurementError(message)
        report: Report = json.loads(done.stdout)
        return report


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield an empty folder for the files of servers, on the disk of the project: a temporary folder may be in memory, where fsync costs nothing."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD) as folder:
        yield Path(folder)


@contextmanager
def running(system: System, scratch: Path) -> Iterator[Running]:
    """Start the server of a system on free ports; stop it at the end of the block. Raises MeasurementError."""
    output = BUILD / f"{system.name}.out"
    ports = [own_port() for _ in range(system.ports)]
    with started_on(_SERVER_CORE), output.open("wb") as file:
        process = subprocess.Popen(
            system.command(scratch, *ports),
            stdout=file,
            stderr=subprocess.STDOUT,
            cwd=scratch,
            env=_environment(),
        )
    try:
        _wait_until_it_answers(system, process, ports[0], output)
        yield Running(system, ports, process.pid)
    finally:
        _stop(process)


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("ORDERS_EVENTS_")}


def _wait_until_it_answers(system: System, process: subprocess.Popen[bytes], port: int, output: Path) -> None:
    """Wait for the first byte of an answer. A server may listen before it has started, and the rest of its start would then be
    measured: 0.6 s of CPU time and 7 MB with this one.
    """
    give_up_at = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up_at:
        if process.poll() is not None:
            message = f"{system.title} ended with {process.returncode}: {_tail(output)}"
            raise MeasurementError(message)
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), START_SECONDS) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            if connection.recv(1):
                return
        time.sleep(0.02)
    message = f"{system.title} did not answer within {START_SECONDS} s: {_tail(output)}"
    raise MeasurementError(message)


def _tail(output: Path) -> str:
    return " | ".join(output.read_text(errors="replace").splitlines()[-5:])


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def faults(report: Report) -> dict[str, int]:
    """Return the number of faults by name; empty if every event came once, in order, with its id."""
    found = {"stalled": int(report["stalled"])}
    for group in ("subscribers", "replayers"):
        for name, count in report[group]["faults"].items():
            found[name] = found.get(name, 0) + count
    return {name: count for name, count in found.items() if count}
