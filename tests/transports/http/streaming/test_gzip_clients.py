"""Clients that people have read compressed streams: each event as soon as it is published, and a stream that ends without an error."""

from __future__ import annotations

import gzip
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.programs import needed, unavailable
from tests.support.server_process import ServerProcess
from tests.transports.http.orders import new_order, publish, shipped
from tests.transports.http.wire import PATIENCE_SECONDS

HERE = Path(__file__).parent
COUNT = 20


def curl(url: str) -> list[str]:
    return [needed("curl"), "--silent", "--show-error", "--no-buffer", "--compressed", url]


def node(url: str) -> list[str]:
    return [needed("node"), str(HERE / "read_gzip.mjs"), url]


def java(url: str) -> list[str]:
    """The launcher of a development kit: a runtime alone cannot run a source file."""
    return [
        needed("java") if needed("javac") else unavailable("javac is not installed."),
        str(HERE / "ReadGzip.java"),
        url,
    ]


def is_event_line(line: str) -> bool:
    return line.startswith("id: ")


@pytest.mark.parametrize("client", [curl, node, java])
def test_program_reads_each_event_when_it_is_published(
    server: ServerProcess, http: httpx.Client, client: Callable[[str], list[str]]
) -> None:
    order = new_order()
    command = client(f"{server.events_url}?orderId={order}&limit={COUNT}")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        ids = filter(is_event_line, running.stdout)
        next(ids)  # the checkpoint
        for _ in range(COUNT):
            (event_id,) = publish(http, shipped(order))
            assert next(ids) == f"id: {event_id}\n"
        assert "event: stream.closing\n" in list(running.stdout)
        assert running.wait(PATIENCE_SECONDS) == 0


def test_httpx_reads_each_event_when_it_is_published(server: ServerProcess, http: httpx.Client) -> None:
    order = new_order()
    with httpx.stream("GET", f"{server.events_url}?orderId={order}&limit={COUNT}", timeout=PATIENCE_SECONDS) as stream:
        assert stream.headers["content-encoding"] == "gzip"
        lines: Iterator[str] = stream.iter_lines()
        ids = filter(is_event_line, lines)
        next(ids)
        for _ in range(COUNT):
            (event_id,) = publish(http, shipped(order))
            assert next(ids) == f"id: {event_id}"
        assert "event: stream.closing" in list(lines)


def test_gzip_of_python_reads_a_finite_stream(server: ServerProcess, http: httpx.Client) -> None:
    order = new_order()
    ids = [publish(http, shipped(order))[0] for _ in range(COUNT)]
    url = f"{server.events_url}?orderId={order}&from=earliest&follow=false"
    asked = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})  # noqa: S310  # our own server
    with urllib.request.urlopen(asked, timeout=PATIENCE_SECONDS) as response, gzip.open(response) as stream:  # noqa: S310
        plain = stream.read().decode()
    assert [line.removeprefix("id: ") for line in plain.splitlines() if is_event_line(line)][1:] == ids
