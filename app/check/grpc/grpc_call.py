"""A gRPC call as a value, which can be written as a command that repeats it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class GrpcCall:
    """A call of a gRPC method.

    `url`: the URL of the gRPC server, such as grpc://127.0.0.1:50051.
    `method`: the name of the method with its service, such as `orders_events.v1.OrderEvents/Subscribe`.
    `message`: the request in ProtoJSON.
    """

    url: str
    method: str
    message: Mapping[str, Any]

    def command(self, base: str) -> str:  # noqa: ARG002  # `base` is the HTTP server, and gRPC has a port of its own
        """Return a command that makes the call with buf, which learns the messages from the server's reflection."""
        plain = [] if self.url.startswith("grpcs:") else ["--http2-prior-knowledge"]
        url = f"http{self.url.removeprefix('grpc')}/{self.method}"
        return shlex.join(["buf", "curl", "--protocol", "grpc", *plain, "-d", json.dumps(self.message), url])
