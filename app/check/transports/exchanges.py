"""Requests over WebSocket and gRPC as values, each of which can be written as a command that repeats it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.check.request import without_user


@dataclass(frozen=True, slots=True)
class SocketExchange:
    """A WebSocket connection and the messages that the client sends over it.

    `path`: the path of the WebSocket operation, relative to the URL of the server under check.
    `messages`: the texts of the messages; a binary message as its bytes.
    """

    path: str
    subprotocol: str
    messages: Sequence[str | bytes]

    def command(self, base: str) -> str:
        """Return a command that sends the messages to the server `base` with websocat, and shows the answers."""
        url = f"{without_user(base).replace('http', 'ws', 1)}{self.path}"
        texts = [each.decode("latin-1") if isinstance(each, bytes) else each for each in self.messages]
        binary = ["-b"] if any(isinstance(each, bytes) for each in self.messages) else []
        printed = shlex.join(["printf", r"%s\n", *texts])
        return f"{printed} | {shlex.join(['websocat', '-n', *binary, '--protocol', self.subprotocol, url])}"


@dataclass(frozen=True, slots=True)
class GrpcCall:
    """A call of a gRPC method.

    `url`: the URL of the gRPC server. `method`: its full name, such as `orders_events.v1.OrderEvents/Subscribe`.
    `message`: the request in ProtoJSON.
    """

    url: str
    method: str
    message: Mapping[str, Any]

    def command(self, base: str) -> str:  # noqa: ARG002  # the gRPC server has a URL of its own
        """Return a command that makes the call with buf, which learns the messages from the server's reflection."""
        plain = ["--http2-prior-knowledge"] if self.url.startswith("http:") else []
        data = json.dumps(self.message)
        return shlex.join(["buf", "curl", "--protocol", "grpc", *plain, "-d", data, f"{self.url}/{self.method}"])
