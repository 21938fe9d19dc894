"""Read what the published contract says about the WebSocket operation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.specification.schema.schema import Schema, compile_schema


@dataclass(frozen=True, slots=True)
class PublishedSocket:
    """The parts of the WebSocket operation that the checks use.

    `path`: its path.
    `subprotocol`: the subprotocol that a client offers.
    `sends`: the schemas of the messages that the server sends, by their `type`.
    `needs_token`: whether a client must send an access token.
    """

    path: str
    subprotocol: str
    sends: Mapping[str, Schema]
    needs_token: bool


def read_socket(path: str, operation: Mapping[str, Any]) -> PublishedSocket:
    """Return the contract of the WebSocket operation. `operation`: its Operation Object without references.

    Raises LookupError or TypeError if the operation is not built like the contract.
    """
    schemas = operation["x-messages"]["sends"]
    return PublishedSocket(
        path=path,
        subprotocol=operation["responses"]["101"]["headers"]["Sec-WebSocket-Protocol"]["schema"]["enum"][0],
        sends={(name := each["properties"]["type"]["enum"][0]): compile_schema(each, name) for each in schemas},
        needs_token=bool(operation.get("security")),
    )
