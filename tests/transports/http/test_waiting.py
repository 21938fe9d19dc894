"""How long a page may wait for events, and that it counts as a stream meanwhile."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from starlette.requests import Request

from app.access.admission import Admission, StreamLimits
from app.access.client import Client
from app.access.errors import Unauthenticated
from app.access.principal import ANONYMOUS, SCOPES, Principal
from app.metrics.tally import Tally
from app.transports.http.waiting import Waits


@pytest.mark.parametrize(("valid_for", "least", "most"), [(None, 30, 30), (3600, 30, 30), (20, 1, 20), (-1, 0, 0)])
def test_a_page_does_not_wait_longer_than_its_token_is_valid(valid_for: int | None, least: int, most: int) -> None:
    admission = Admission(StreamLimits(), Tally())
    sender = Principal("https://issuer.example", "shop", SCOPES, expires_at=time.time() + (valid_for or 0))
    client = Client(ANONYMOUS if valid_for is None else sender)
    with Waits(admission).admitted(client, 30) as wait:
        assert least <= wait.seconds <= most
        assert admission.open_streams == 1
    assert admission.open_streams == 0


def test_a_page_that_does_not_wait_is_not_counted() -> None:
    admission = Admission(StreamLimits(), Tally())
    with Waits(admission).admitted(Client(), 0) as wait:
        assert (wait.seconds, admission.open_streams) == (0, 0)


async def test_a_wait_ends_once_its_key_is_removed_and_the_others_go_on() -> None:
    admission = Admission(StreamLimits(), Tally())
    waits = Waits(admission)
    events = asyncio.Event()
    leaving, staying = (Principal("https://issuer.example", "shop", SCOPES, key_thumbprint=each) for each in "ab")

    async def page(sender: Principal) -> bool | None:
        with waits.admitted(Client(sender), 30) as wait:
            return await wait.result(request(), events.wait())

    pages = [asyncio.create_task(page(sender)) for sender in (leaving, staying)]
    for _ in range(2):
        await asyncio.sleep(0)  # one turn for the pages, and one for what they wait for
    assert admission.open_streams == len(pages)
    waits.revoke(lambda sender: sender.key_thumbprint == "b")
    with pytest.raises(Unauthenticated):
        await pages[0]
    events.set()
    assert await pages[1] is True
    assert admission.open_streams == 0


def request() -> Request:
    """Return a request whose client stays."""

    async def receive() -> dict[str, Any]:
        disconnected: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        return await disconnected

    return Request({"type": "http"}, receive)
