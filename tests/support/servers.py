"""Servers for tests: quick ones, servers on stored events, and their memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.checker import Ledger, Mark
from tests.support.publishers import publish_now
from tests.support.server_process import QUICK, ServerProcess


def start_server(store: str, *arguments: str, port: int = 0, module: str = "app") -> ServerProcess:
    """Start a server without a source, with quick heartbeats and reconnections."""
    return ServerProcess("--store", store, *QUICK, *arguments, port=port, module=module)


@contextmanager
def start_on_stored(store: str, marks: Sequence[Mark], ledger: Ledger | None = None) -> Iterator[ServerProcess]:
    """Start a server on a log with events, none of which is in its memory."""
    with start_server(store) as server:
        publish_now(server.events_url, marks, ledger)
    with start_server(store) as server:
        yield server


def sqlite(folder: Path) -> str:
    return f"sqlite:{folder / 'log.db'}"


def resident_bytes(pid: int, *, peak: bool = False) -> int:
    """Return the resident memory of a process in bytes: now, or the most since `reset_peak` (Linux)."""
    field_name = "VmHWM" if peak else "VmRSS"
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field_name))


def reset_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")
