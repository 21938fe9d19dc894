"""Firefox and WebKit at full size: many cuts, and the memory that a handler which never settles costs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.browser.bad_network import bad_network
from tests.browser.engines.firefox import running_firefox
from tests.browser.engines.programs import resident_bytes
from tests.browser.engines.tab import Engine
from tests.browser.engines.webkit import running_webkit
from tests.browser.following import patient
from tests.browser.reading_through_cuts import MODES, read_through_cuts
from tests.browser.subscribing import Subscribed
from tests.support.publishers import counted, publish_now
from tests.support.server_process import QUICK, ServerProcess
from tests.transports.http.orders import eventually, streams_open

Report: TypeAlias = Callable[[str], None]
Starting: TypeAlias = Callable[[Path], AbstractContextManager[Engine]]

CUTS = 200
EVENTS = 200_000  # of 600 bytes each: 120 MB
MOST_BYTES = 60_000_000  # what a browser may take more: the inbox, and what it allocates anyway

in_each_engine = pytest.mark.parametrize("running", [running_firefox, running_webkit], ids=["firefox", "webkit"])


@in_each_engine
@pytest.mark.parametrize("mode", MODES)
def test_200_cuts_lose_nothing_and_repeat_nothing(running: Starting, mode: str, tmp_path: Path, report: Report) -> None:
    with (
        ServerProcess("--store", "memory:", "--heartbeat-seconds", "1", "--retry-ms", "1-5") as server,
        bad_network(server) as network,
        running(tmp_path) as engine,
    ):
        tab = engine.open(f"{network.url}/docs")
        read_through_cuts(server, network, tab, MODES[mode], cuts=CUTS)
        tab.close()
    report(f"{mode}: {network.cuts} connections cut, no fault")


@in_each_engine
def test_handler_that_never_settles_costs_a_browser_no_memory(
    running: Starting, tmp_path: Path, report: Report
) -> None:
    with ServerProcess("--store", "memory:", *QUICK) as server, patient(server) as http, running(tmp_path) as engine:
        tab = engine.open(f"{server.url}/docs")
        subscribed = Subscribed(tab, transport="fetch", shared=False)
        subscribed.reaches("open")
        subscribed.hold()
        before = resident_bytes(engine.pid)
        publish_now(server.events_url, counted(0, EVENTS), characters=500)
        assert eventually(lambda: streams_open(http) == 0)
        taken = resident_bytes(engine.pid) - before
        report(f"{taken / 1e6:.0f} MB more for {EVENTS:,} events")
        assert taken < MOST_BYTES
