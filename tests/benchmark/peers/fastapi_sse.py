"""FastAPI's own server-sent events: a path operation that yields, with its defaults (it pings every 15 s).

The data is handed over as text (`raw_data`), so FastAPI is spared encoding it as JSON for each subscriber.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import FastAPI
from fastapi.sse import EventSourceResponse, ServerSentEvent

from tests.benchmark.peers.broadcast import Broadcast

broadcast = Broadcast(lambda number, data: ServerSentEvent(raw_data=data, event="order.shipped", id=str(number)))


async def events() -> AsyncIterator[ServerSentEvent]:
    async for event in broadcast.subscribe():
        yield event


app = FastAPI()
app.add_api_route("/events", events, response_class=EventSourceResponse)
app.add_route("/publish", broadcast.publish, methods=["POST"])
