"""`make cluster`: three NATS servers, two nodes of Orders Events and Caddy in front of them, on this machine, until Ctrl-C.

The logs of the processes and the events are in the folder that is given as the argument. Ports: 8000 Caddy, 8001 and 8002 the nodes,
4222 to 4224 NATS, 8222 to 8224 its monitoring, 6222 to 6224 between the NATS servers.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

BIN = Path(sys.executable).parent
DEPLOY = Path(__file__).resolve().parents[1]
NUMBERS = (0, 1, 2)
STREAM = f"nats://{','.join(f'127.0.0.1:{4222 + number}' for number in NUMBERS)}/orders"
MONITORS = ",".join(f"http://127.0.0.1:{8222 + number}" for number in NUMBERS)
PORTS = (8000, 8001, 8002, *(port + number for port in (4222, 6222, 8222) for number in NUMBERS))
START_SECONDS = 60


def main(folder: Path) -> None:
    """Start everything, say where it is, and wait for Ctrl-C or SIGTERM. Each process ends when this one ends."""
    _demand_free(PORTS)
    folder.mkdir(parents=True, exist_ok=True)
    for each in (signal.SIGINT, signal.SIGTERM):  # a shell lets what it runs in the background ignore SIGINT
        signal.signal(each, signal.default_int_handler)
    with ExitStack() as processes:
        for number in NUMBERS:
            processes.enter_context(_running(folder, f"nats-{number}", _nats(), _nats_variables(folder, number)))
        for number in NUMBERS:
            _wait_until_answered(f"http://127.0.0.1:{8222 + number}/healthz")
        subprocess.run([BIN / "orders-events", "log", "init", STREAM], check=True)
        for port, source in ((8001, "simulator:3"), (8002, "none")):
            processes.enter_context(_running(folder, f"node-{port}", _node(folder, port, source), {}))
        processes.enter_context(_running(folder, "caddy", _caddy(), _caddy_variables(folder)))
        for port in (8001, 8002, 8000):
            _wait_until_answered(f"http://127.0.0.1:{port}/health/ready")
        sys.stdout.write(WELCOME.format(folder=folder, pids=_pids(folder)))
        sys.stdout.flush()
        signal.pause()


WELCOME = """
Two nodes follow one log, on three NATS servers:

  watch the orders      http://localhost:8000/       (through Caddy, at any node)
  the nodes             http://127.0.0.1:8001/  and  http://127.0.0.1:8002/
  the NATS servers      http://127.0.0.1:8222/jsz?streams=true
  what the processes say, and the events, are in {folder}

End one with kill -9, and see that no stream misses an event:
{pids}
Ctrl-C ends all of them.
"""


def _demand_free(ports: Sequence[int]) -> None:
    """End with a line if another process, such as that of `make run`, listens on one of the ports: it would answer for ours."""
    for port in ports:
        with socket.socket() as ours:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                ours.bind(("127.0.0.1", port))
            except OSError as error:
                sys.exit(
                    f"make cluster: port {port} cannot be used ({error.strerror}). End what listens there, such as `make run`."
                )


def _nats() -> list[str]:
    return [str(BIN / "nats-server"), "--config", str(DEPLOY / "cluster" / "nats.conf")]


def _nats_variables(folder: Path, number: int) -> dict[str, str]:
    routes = ", ".join(f'"nats://127.0.0.1:{6222 + each}"' for each in NUMBERS)
    return {
        "NATS_NAME": f'"nats-{number}"',
        "NATS_LISTEN": f'"127.0.0.1:{4222 + number}"',
        "NATS_MONITOR": f'"127.0.0.1:{8222 + number}"',
        "NATS_CLUSTER": f'"127.0.0.1:{6222 + number}"',
        "NATS_STORE": f'"{folder / f"nats-{number}"}"',
        "NATS_ROUTES": f"[{routes}]",
    }


def _node(folder: Path, port: int, source: str) -> list[str]:
    store = f"{STREAM}?cache={folder / f'node-{port}.db'}&monitor={MONITORS}"
    return [
        *(str(BIN / "orders-events"), "serve", "--port", str(port), "--store", store),
        *("--source", source, "--trusted-proxy", "127.0.0.1"),
    ]


def _caddy() -> list[str]:
    return [str(BIN / "caddy"), "run", "--config", str(DEPLOY / "Caddyfile"), "--adapter", "caddyfile"]


def _caddy_variables(folder: Path) -> dict[str, str]:
    return {
        "ORDERS_EVENTS_NAME": "http://localhost:8000, http://127.0.0.1:8000",
        "ORDERS_EVENTS_UPSTREAM": "127.0.0.1:8001 127.0.0.1:8002",
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "CADDY_ADMIN": f"unix/{folder / 'caddy.sock'}",
    }


@contextmanager
def _running(folder: Path, name: str, command: list[str], variables: Mapping[str, str]) -> Iterator[None]:
    """Run a process in a session of its own, so that Ctrl-C ends it by this program alone and in order."""
    with (folder / f"{name}.log").open("wb") as output:
        process = subprocess.Popen(
            command, env={**os.environ, **variables}, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    (folder / f"{name}.pid").write_text(str(process.pid))
    try:
        yield
    finally:
        process.terminate()
        process.wait()
        (folder / f"{name}.pid").unlink()


def _pids(folder: Path) -> str:
    return "".join(f"  {file.stem:<11} {file.read_text()}\n" for file in sorted(folder.glob("*.pid")))


def _wait_until_answered(url: str) -> None:
    give_up = time.monotonic() + START_SECONDS
    while True:
        try:
            with urlopen(url, timeout=5):  # noqa: S310  # an address of this file
                return
        except (URLError, OSError):
            if time.monotonic() > give_up:
                raise
            time.sleep(0.1)  # a process that starts sends no word


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]).resolve())
    except KeyboardInterrupt:
        sys.exit(0)
