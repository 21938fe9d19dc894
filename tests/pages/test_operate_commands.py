"""The commands for operators, run as the page shows them: they exist, and a log that is backed up and restored is whole."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import httpx

from app.cli import COMMANDS
from tests.pages.contract import page
from tests.support.server_process import ServerProcess

SHOWN = [
    shlex.split(line)
    for name in ("docs/operate", "docs/settings")
    for block in page(name).all("pre", data_language="sh")
    for line in block.text.splitlines()
]
LOG = "events.db"  # as the commands name it


def shown(command: str) -> list[str]:
    (found,) = [words for words in SHOWN if words[:2] == ["orders-events", command] and command != "serve"]
    return found[1:]


def succeeds(folder: Path, command: str) -> str:
    arguments = [sys.executable, "-m", "app", *shown(command)]
    ran = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_every_command_that_is_shown_exists() -> None:
    called = {words[words.index("orders-events") + 1] for words in SHOWN}
    assert {"serve", "verify", "backup", "restore", "check"} <= called <= set(COMMANDS)


def test_log_is_backed_up_while_it_is_served_and_restored_whole(tmp_path: Path) -> None:
    store = ("--store", f"sqlite:{tmp_path / LOG}")
    with ServerProcess(*store) as server, httpx.Client(trust_env=False, timeout=60) as client:
        event = {"eventType": "order.shipped", "data": {"orderId": "or_1", "when": "2024-05-01T10:00:00Z"}}
        assert client.post(server.events_url, json=[event] * 3).status_code == 201
        assert "3 events" in succeeds(tmp_path, "verify")
        assert "3 events" in succeeds(tmp_path, "backup")
        assert client.post(server.events_url, json=event).status_code == 201
    succeeds(tmp_path, "restore")
    assert "3 events" in succeeds(tmp_path, "verify")
    with ServerProcess(*store) as server, httpx.Client(trust_env=False, timeout=60) as client:
        kept = client.get(f"{server.events_url}?from=earliest", headers={"Accept": "application/json"})
        assert len(kept.json()["events"]) == 3
