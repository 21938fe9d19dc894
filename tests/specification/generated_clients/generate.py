"""The commands of the page Clients that generate clients, run as they stand there."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Final

import httpx

from tests.support.server_process import ServerProcess
from tests.transports.http.orders import EVENTS, shipped

ORDERS: Final = ("or_1", "or_2")
READ: Final = ["page order.shipped", "page order.shipped", "stream or_1", "stream or_2", "closing end", "gap later"]
"""What each program prints that reads a page and a finite stream."""

_PAGE: Final = Path(__file__).parents[3] / "app" / "pages" / "texts" / "clients.md"


def arguments(program: str) -> list[str]:
    """Return the arguments that the page gives to a generator."""
    commands = re.findall(
        rf"^(?:npx (?:--package \S+ )*)?{re.escape(program)} (.+)$", _PAGE.read_text("utf-8"), re.MULTILINE
    )
    assert len(commands) == 1, program
    return shlex.split(commands[0])


def packages() -> list[str]:
    """Return the packages of npm, some with a version, that the page installs to generate a client."""
    return re.findall(r"--package (\S+)", _PAGE.read_text("utf-8"))


def fetch_document(server: ServerProcess, folder: Path) -> None:
    """Publish two shipments, and put the document of the server into a folder."""
    with httpx.Client(base_url=server.url, timeout=60) as http:
        events = [shipped(order, eventId=order) for order in ORDERS]
        http.post(EVENTS, json=events).raise_for_status()
        (folder / "openapi-clients.json").write_bytes(http.get("/openapi-clients.json").content)


def run(folder: Path, *command: str | Path) -> str:
    """Run a program in a folder to its end, and return what it prints."""
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout
