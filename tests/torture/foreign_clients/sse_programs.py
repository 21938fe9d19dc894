"""A consumer with a public library for event streams in Python, as its README shows it. The argument is the name of the library."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from typing import Any

import httpx

URL = f"{os.environ['ORDERS_EVENTS_URL']}/events/orders"
reports = httpx.Client(trust_env=False)


def apply(event_type: str | None, id: str | None, data: str) -> None:
    """Report what the library delivers: order events by their ids, and gaps."""
    import json  # noqa: PLC0415  # beside its use, as in the rest of this file

    if event_type == "stream.gap":
        reports.post(os.environ["ORDERS_EVENTS_REPORT_URL"], json={"gap": json.loads(data)["reason"]})
    elif event_type is not None and event_type.startswith("order."):
        reports.post(os.environ["ORDERS_EVENTS_REPORT_URL"], json={"id": id, "data": json.loads(data)})


def by_httpx_sse() -> None:
    from httpx_sse import connect_sse  # noqa: PLC0415

    with (
        httpx.Client(timeout=httpx.Timeout(None), trust_env=False) as client,
        connect_sse(client, "GET", URL) as source,
    ):
        for event in source.iter_sse():
            apply(event.event, event.id, event.data)


def by_aiohttp_sse_client2() -> None:
    from aiohttp_sse_client2.client import EventSource  # type: ignore[import-not-found]  # noqa: PLC0415  # not installed here

    async def read() -> None:
        async with EventSource(URL) as source:
            async for event in source:
                apply(event.type, event.last_event_id, event.data)

    asyncio.run(read())


def by_launchdarkly_eventsource() -> None:
    from ld_eventsource import SSEClient  # type: ignore[import-not-found]  # noqa: PLC0415  # not installed here
    from ld_eventsource.config import ErrorStrategy  # type: ignore[import-not-found]  # noqa: PLC0415  # not installed here

    for event in SSEClient(URL, error_strategy=ErrorStrategy.always_continue()).events:
        apply(event.event, event.last_event_id, event.data)


LIBRARIES: dict[str, Callable[[], Any]] = {
    "httpx-sse": by_httpx_sse,
    "aiohttp-sse-client2": by_aiohttp_sse_client2,
    "launchdarkly-eventsource": by_launchdarkly_eventsource,
}
LIBRARIES[sys.argv[1]]()
