"""Starlette: a StreamingResponse over a queue. The frame is made once, which is the best that this design can do."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from tests.benchmark.peers.broadcast import Broadcast

broadcast = Broadcast(lambda number, data: f"id: {number}\nevent: order.shipped\ndata: {data}\n\n".encode())


async def events(_: Request) -> StreamingResponse:
    return StreamingResponse(broadcast.subscribe(), media_type="text/event-stream")


app = Starlette(
    routes=[
        Route("/events", events),
        Route("/publish", broadcast.publish, methods=["POST"]),
    ]
)
