"""The WebSocket side of the proxy that breaks one promise of the good server behind it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.types import Receive, Send
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

HANDSHAKE = "sec-websocket-"


@dataclass(frozen=True, slots=True)
class SocketFault:
    """How the WebSocket connections of a broken server differ from those of a good one.

    `asks`: changes a message of the client that is an object before it is sent to the good server.
    `sends`: returns what is sent in place of a message of the good server. It gets the client's messages so far, then that message.
    `closes`: changes the close code.
    """

    asks: Callable[[Any], Any] = lambda message: message
    sends: Callable[[Sequence[Any], Any], Sequence[Any]] = lambda _, message: [message]
    closes: Callable[[int], int] = lambda code: code


GOOD: Final = SocketFault()  # no fault


class TransparentSocket(WebSocketsSansIOProtocol):
    """The WebSocket of uvicorn, which passes text that is not UTF-8 on: the good server behind the proxy must refuse it."""

    def send_receive_event_to_app(self) -> None:
        data = b"".join(self.frames)
        try:
            data.decode()
        except UnicodeDecodeError:
            if self.curr_msg_data_type == "text":
                self.frames = []
                self.queue.put_nowait({"type": "websocket.receive", "text": data.decode("utf-8", "surrogateescape")})
                return
        super().send_receive_event_to_app()


async def forward(url: str, headers: Mapping[str, str], fault: SocketFault, receive: Receive, send: Send) -> None:
    """Forward a WebSocket connection to the good server. Raises InvalidStatus if that one refuses it."""
    await receive()  # websocket.connect
    offered = headers.get("sec-websocket-protocol")
    subprotocols = [Subprotocol(offered)] if offered else None
    others = {name: value for name, value in headers.items() if not name.startswith(HANDSHAKE)}
    connecting = connect(
        url, subprotocols=subprotocols, additional_headers=others, compression=None, proxy=None, close_timeout=1
    )
    async with connecting as good:
        await send({"type": "websocket.accept", "subprotocol": good.subprotocol})
        asked: list[Any] = []
        up = asyncio.create_task(_client_to_server(receive, good, asked, fault))
        try:
            await _server_to_client(good, send, asked, fault)
        finally:
            up.cancel()
            await asyncio.gather(up, return_exceptions=True)


async def _client_to_server(receive: Receive, good: ClientConnection, asked: list[Any], fault: SocketFault) -> None:
    while (message := await receive())["type"] == "websocket.receive":
        text = message.get("text")
        with contextlib.suppress(ConnectionClosed):
            if text is None:
                await good.send(message["bytes"])
                continue
            raw = text.encode("utf-8", "surrogateescape")
            with contextlib.suppress(ValueError):
                asked.append(json.loads(raw))
                changed = fault.asks(asked[-1]) if isinstance(asked[-1], dict) else asked[-1]
                raw = raw if changed == asked[-1] else json.dumps(changed).encode()
            await good.send(raw, text=True)
    await good.close()


async def _server_to_client(good: ClientConnection, send: Send, asked: Sequence[Any], fault: SocketFault) -> None:
    try:
        while True:
            for message in fault.sends(asked, json.loads(await good.recv())):
                await send({"type": "websocket.send", "text": json.dumps(message, separators=(",", ":"))})
    except ConnectionClosed as closed:
        code = closed.rcvd.code if closed.rcvd else 1006
    with contextlib.suppress(RuntimeError):  # the client has ended the connection itself
        await send({"type": "websocket.close", "code": fault.closes(code)})


async def refuse(refused: InvalidStatus, send: Send, change: Callable[[int, Mapping[str, str], bytes], Any]) -> None:
    """Answer the request with the response of the good server, as `change` changes it."""
    response = refused.response
    given = change(response.status_code, dict(response.headers.raw_items()), bytes(response.body or b""))
    headers = [(name.lower().encode(), value.encode()) for name, value in given.headers.items()]
    await send({"type": "websocket.http.response.start", "status": given.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": given.body})
