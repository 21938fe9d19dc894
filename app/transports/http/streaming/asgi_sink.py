"""A stream on any ASGI server: each item is sent as an `http.response.body` message, one at a time.

ASGI has no other flow control than its `send`, which returns when the server can take more. So no further item is requested until
`send` has returned. https://asgi.readthedocs.io/en/latest/specs/www.html#response-body-send-event
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.types import Receive, Send

from app.events.delivery.fan_out import FanOut
from app.events.delivery.stream_item import Closing, StreamItem
from app.events.delivery.subscription import Subscription


class AsgiSink:
    """The sink of one response: the object to which a subscription hands its items.

    `encode`: turns an item into bytes of the body. `receive`, `send`: the two callables that ASGI passes with the request.
    """

    def __init__(self, encode: Callable[[StreamItem], bytes], receive: Receive, send: Send) -> None:
        self._encode = encode
        self._receive = receive
        self._send = send
        self._item: asyncio.Future[StreamItem] = asyncio.get_running_loop().create_future()

    def send(self, item: StreamItem) -> bool:
        self._item.set_result(item)
        return False

    async def carry(self, fan_out: FanOut, subscription: Subscription, on_closed: Callable[[], object]) -> None:
        """Open the subscription and send its items, until the subscription ends or the client disconnects.

        `on_closed`: called once, when the subscription is closed.
        """
        fan_out.open(subscription, self, on_closed)
        sending = asyncio.create_task(self._send_until_closing(fan_out, subscription))
        leaving = asyncio.create_task(self._until_disconnected())
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            fan_out.leave(subscription)
            await _end(sending, leaving)

    async def _send_until_closing(self, fan_out: FanOut, subscription: Subscription) -> None:
        more_body = True
        while more_body:
            item = await self._item
            self._item = asyncio.get_running_loop().create_future()
            more_body = not isinstance(item, Closing)
            await self._send({"type": "http.response.body", "body": self._encode(item), "more_body": more_body})
            fan_out.resume(subscription)

    async def _until_disconnected(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass


async def _end(sending: asyncio.Task[None], leaving: asyncio.Task[None]) -> None:
    for task in (sending, leaving):
        task.cancel()
    ended, _ = await asyncio.gather(sending, leaving, return_exceptions=True)
    # An OSError means that the client has disconnected, which is not a fault:
    # https://asgi.readthedocs.io/en/latest/specs/www.html#disconnected-client-send-exception
    if isinstance(ended, Exception) and not isinstance(ended, OSError):
        raise ended
