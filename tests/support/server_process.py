"""A real server in a process of its own, on a free port, for tests that speak TCP with it."""

from __future__ import annotations

import contextlib
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import ClassVar, Self

from tests.support.forked_program import ForkedProgram

START_SECONDS = 60  # generous: machines that run tests are busy
# Tests wait neither for heartbeats nor before they reconnect.
QUICK = ("--heartbeat-seconds", "1", "--retry-ms", "50-100")

_URL = re.compile(r"http://\S+:\d+")
_GRPC = re.compile(r"http://(\S+:\d+)/orders_events\.v1\.OrderEvents/")


class ServerProcess:
    """A running `python -m app serve`; as a context manager, it ends in any case.

    `forked`: whether the server may be a fork, which starts in half the time, instead of the command itself. It is the command in any
    case if its Python, its folder or its environment is given.
    """

    is_measured: ClassVar[bool] = True  # by coverage, with which a start takes twice as long

    def __init__(
        self,
        *arguments: str,
        port: int = 0,
        cwd: Path | None = None,
        python: Path | str = sys.executable,
        module: str = "app",
        environment: Mapping[str, str] = MappingProxyType({}),
        forked: bool = True,
    ) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("ORDERS_EVENTS_")}
        if not self.is_measured:
            inherited.pop("COVERAGE_PROCESS_CONFIG", None)
        words = ["serve", "--port", str(port), *arguments]
        if forked and not environment and cwd is None and python == sys.executable:
            self._process: subprocess.Popen[str] | ForkedProgram = ForkedProgram(module, words, inherited)
        else:
            self._process = subprocess.Popen(
                [str(python), "-m", module, *words],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                env={**inherited, "PYTHONUNBUFFERED": "1", **environment},
                cwd=cwd,
            )
        self.output: list[str] = []
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.url = self._wait_for_url()
        except BaseException:
            self.__exit__(None, None, None)
            raise

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def events_url(self) -> str:
        return f"{self.url}/events/orders"

    @property
    def grpc_address(self) -> str:
        """The host and the port of the gRPC service, if the server was started with `--grpc-port`."""
        return self.printed(_GRPC)

    def printed(self, pattern: str | re.Pattern[str]) -> str:
        """Return the group of a pattern in the output of the server, once there is one."""
        while not (found := re.search(pattern, "".join(self.output))):
            assert next(self._arriving(), None) is not None, f"The server does not print {pattern}."
        return found[1]

    def terminate(self, timeout_seconds: float = 30) -> int:
        """Send SIGTERM and return the exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self.wait(timeout_seconds)

    def kill(self) -> None:
        """Send SIGKILL, and wait until the process has ended."""
        self._process.kill()
        self.wait()

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait(self, timeout_seconds: float = 30) -> int:
        code = self._process.wait(timeout_seconds)
        self._reader.join(timeout_seconds)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            # Try a clean end first: a killed server loses its coverage data.
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.terminate()
        if self._process.poll() is None:
            self.kill()
        if self._process.stdout is not None and not self._process.stdout.closed:
            self._reader.join()
            self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.output.append(line)
            self._lines.put(line)
        self._lines.put(None)

    def _wait_for_url(self) -> str:
        for line in self._arriving():
            found = _URL.search(line)
            if found:
                return found[0]
        code = self.wait()
        message = f"The server ended with {code} before it listened:\n{''.join(self.output)}"
        raise AssertionError(message)

    def _arriving(self) -> Iterator[str]:
        while True:
            try:
                line = self._lines.get(timeout=START_SECONDS)
            except queue.Empty:
                message = f"The server did not start within {START_SECONDS} seconds:\n{''.join(self.output)}"
                raise TimeoutError(message) from None
            if line is None:
                return
            yield line
