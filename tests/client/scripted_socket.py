"""A WebSocket server that does what a test says: one step for each connection, of the library websockets alone."""

from __future__ import annotations

import http
import json
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TypeAlias

from websockets import Headers, Request, Response, Subprotocol
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

SUBPROTOCOL = Subprotocol("orders-events.v1.json")
Step: TypeAlias = "Answer | Callable[[ServerConnection], None]"


@dataclass(frozen=True, slots=True)
class Answer:
    """A response in place of the upgrade."""

    status: int
    body: bytes = b""
    media_type: str = "application/problem+json"


@dataclass(slots=True)
class Talk:
    """Messages to send after the first one of the client, then a close with a code. The attribute `asked` has what the client sent."""

    messages: Sequence[dict[str, Any]]
    code: int = 1000
    asked: list[Any] = field(default_factory=list)

    def __call__(self, connection: ServerConnection) -> None:
        self.asked.append(json.loads(connection.recv()))
        for message in self.messages:
            connection.send(json.dumps(message))
        connection.close(self.code)


class ScriptedSocket:
    """A server on a free port of loopback, as a context manager. `steps`: what it does on each connection, in order."""

    def __init__(self, *steps: Step, subprotocol: Subprotocol | None = SUBPROTOCOL) -> None:
        self.requests: list[Request] = []
        self._steps = iter(steps)
        self._server: Server = serve(
            self._talk,
            "127.0.0.1",
            0,
            process_request=self._answer,
            select_subprotocol=lambda _connection, _offered: subprotocol,
        )
        self.url = f"http://127.0.0.1:{self._server.socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        self.requests.append(request)
        step = next(self._steps)
        if not isinstance(step, Answer):
            connection.step = step  # type: ignore[attr-defined]
            return None
        headers = Headers(
            {"Content-Type": step.media_type, "Content-Length": str(len(step.body)), "Connection": "close"}
        )
        return Response(step.status, http.HTTPStatus(step.status).phrase, headers, step.body)

    def _talk(self, connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):  # the client has left
            connection.step(connection)  # type: ignore[attr-defined]
