"""A page that follows the stream of a busy server while the network cuts its connections: every event comes once."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from tests.browser.bad_network import BadNetwork
from tests.browser.following import PATIENCE_SECONDS
from tests.browser.subscribing import Subscribed
from tests.browser.waiting import Evaluating
from tests.support.checker import Ledger, judge
from tests.support.publishers import counted, publish_now
from tests.support.server_process import ServerProcess
from tests.transports.http.orders import eventually

MODES: Final[Mapping[str, Mapping[str, object]]] = {
    "eventsource": {"transport": "eventsource", "shared": False},
    "fetch": {"transport": "fetch", "shared": False},
    "shared": {"transport": "eventsource", "shared": True},
}

_publishers = iter(range(1000))


def read_through_cuts(
    server: ServerProcess, network: BadNetwork, page: Evaluating, options: Mapping[str, object], *, cuts: int
) -> None:
    """Follow the stream until the network has cut it this many times, and judge what the page was given."""
    subscribed = Subscribed(page, **options)
    subscribed.reaches("open")
    ledger = Ledger()
    network.cutting = True
    with _busy(server, ledger):
        assert eventually(lambda: network.cuts >= cuts, max(2.0, cuts / 40) * PATIENCE_SECONDS), network.cuts
    network.cutting = False
    (last,) = publish_now(server.events_url, counted(next(_publishers), 1), ledger)
    subscribed.through(last)
    assert judge(ledger, [subscribed.log("cut")]) == []
    assert subscribed.states().count("reconnecting") > cuts / 2  # some connections were cut before the first event
    assert subscribed.calls("error") == []
    subscribed.do("close()")


@contextmanager
def _busy(server: ServerProcess, ledger: Ledger) -> Iterator[None]:
    """Publish a few events in each request, without a pause; at the end of the block, the last events."""
    publisher = next(_publishers)
    stop = threading.Event()

    def publish_on() -> None:
        first = 0
        while not stop.wait(0.01):
            publish_now(server.events_url, counted(publisher, 3, first=first), ledger)
            first += 3

    thread = threading.Thread(target=publish_on)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
