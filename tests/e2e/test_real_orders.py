"""A file of orders like a shop's export: published from the command line, and read once, in order, unchanged."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.ports import own_port
from tests.support.server_process import ServerProcess
from tests.support.servers import sqlite, start_server
from tests.support.shop_orders import generate_orders
from tests.support.subscribers import ANSWER_SECONDS, head_id, poll, read_stored

COMMAND = [sys.executable, "-m", "app"]
COMMAND_SECONDS = 120


def write(file: Path, events: Sequence[dict[str, Any]]) -> Path:
    file.write_text("".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def orders() -> list[dict[str, Any]]:
    return generate_orders(1_503, seed=41)


def publish(file: Path, url: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, "publish", str(file), "--url", url, *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False)


def stored(url: str, after: str | None = None) -> list[tuple[str, dict[str, Any]]]:
    return [(frame.event, frame.json()) for frame in read_stored(url, after)]


def as_sent(events: Sequence[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    return [(event["eventType"], event["data"]) for event in events]


def test_orders_of_a_file_are_stored_once_in_order_and_a_second_time_adds_nothing(
    tmp_path: Path, orders: list[dict[str, Any]]
) -> None:
    file = write(tmp_path / "orders.ndjson", orders)
    with start_server(sqlite(tmp_path)) as server:
        first = publish(file, server.url)
        assert first.returncode == 0, first.stderr
        assert stored(server.events_url) == as_sent(orders)
        head = head_id(server.events_url)
        again = publish(file, server.url)
        assert again.returncode == 0, again.stderr
        assert head_id(server.events_url) == head
        assert all(frame.data.isascii() and "-03:00" in frame.data for frame in read_stored(server.events_url))
    with start_server(sqlite(tmp_path)) as server:
        assert stored(server.events_url) == as_sent(orders)


@contextmanager
def tailing(url: str) -> Iterator[subprocess.Popen[str]]:
    """Run `tail`, and end it in any case."""
    process = subprocess.Popen([*COMMAND, "tail", "--url", url], stdout=subprocess.PIPE, text=True)
    overdue = threading.Timer(COMMAND_SECONDS, process.kill)
    overdue.start()
    try:
        yield process
    finally:
        overdue.cancel()
        process.terminate()
        process.communicate()


def publish_until_heard(server: ServerProcess, process: subprocess.Popen[str]) -> None:
    """Publish events until `tail` prints one: from then on it follows."""
    heard = threading.Event()

    def listen() -> None:
        assert process.stdout is not None
        process.stdout.readline()
        heard.set()

    listener = threading.Thread(target=listen)
    listener.start()
    while not heard.wait(0.1) and process.poll() is None:
        event = {"eventType": "order.shipped", "data": {"orderId": "or_first", "when": "2024-05-01T10:00:00Z"}}
        httpx.post(server.events_url, json=event, trust_env=False, timeout=ANSWER_SECONDS).raise_for_status()
    listener.join()


def test_tail_prints_the_orders_as_they_come(
    server: ServerProcess, tmp_path: Path, orders: list[dict[str, Any]]
) -> None:
    file = write(tmp_path / "orders.ndjson", orders)
    with tailing(server.url) as process:
        publish_until_heard(server, process)
        assert publish(file, server.url).returncode == 0
        assert process.stdout is not None
        printed: list[dict[str, Any]] = []
        while len(printed) < len(orders):
            event = json.loads(process.stdout.readline())
            if event["data"]["orderId"] != "or_first":
                printed.append(event)
    assert [(event["eventType"], event["data"]) for event in printed] == as_sent(orders)


@contextmanager
def unfinished(pipe: Path) -> Iterator[None]:
    """Keep a named pipe open, so that its reader sees no end."""
    end = os.open(pipe, os.O_RDWR)
    try:
        yield
    finally:
        os.close(end)


def test_publish_continues_after_a_kill_of_the_server_and_stores_each_order_once(tmp_path: Path) -> None:
    orders = generate_orders(2_000, seed=42)
    # The file is still being written, so even a quick machine has not published all of it before the kill.
    file = tmp_path / "orders.ndjson"
    os.mkfifo(file)
    with start_server(sqlite(tmp_path), port=own_port()) as killed:
        url, port = killed.events_url, killed.port
        command = [*COMMAND, "publish", str(file), "--url", killed.url, "--batch-size", "5"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        writing = threading.Thread(target=write, args=(file, orders), daemon=True)
        try:
            with unfinished(file):
                writing.start()
                asyncio.run(poll(lambda: len(stored(url)) >= 100, "the first orders"))
                killed.kill()
                assert process.poll() is None, "it was over before the server was killed"
            with start_server(sqlite(tmp_path), port=port):
                _, errors = process.communicate(timeout=COMMAND_SECONDS)
                assert process.returncode == 0, errors
                assert stored(url) == as_sent(orders)
        finally:
            process.kill()
            process.communicate()
