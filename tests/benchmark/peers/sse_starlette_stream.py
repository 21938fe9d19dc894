"""sse-starlette: an EventSourceResponse over a queue, with its defaults (it pings every 15 s).

Its documentation advises to ask `request.is_disconnected()` in every loop. That is left out in its favour, since the response
notices by itself: with it, an event of a burst costs more than four times as much.
"""

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
