"""sse-starlette: an EventSourceResponse over a queue, with its defaults (it pings every 15 s)."""

from __future__ import annotations

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.benchmark.peers.broadcast import Broadcast

broadcast = Broadcast(lambda number, data: ServerSentEvent(data, event="order.shipped", id=str(number)))


async def events(_: Request) -> Response:
    response: Response = EventSourceResponse(broadcast.subscribe())
    return response


app = Starlette(
    routes=[
        Route("/events", events),
        Route("/publish", broadcast.publish, methods=["POST"]),
    ]
)
