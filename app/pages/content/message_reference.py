"""The messages of a WebSocket operation as the reference page shows them, with its close codes and the problems of `error`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from app.pages.markup.markdown import code_block
from app.pages.markup.schema_rows import Row, rows
from app.specification.openapi.statements.problem_types import PREFIX
from app.specification.strict_json import serialise


@dataclass(frozen=True, slots=True)
class MessageDocs:
    """A message of a WebSocket connection, as the reference page shows it.

    `type`: the type of the message.
    `rows`: its properties as rows of a table, without those inside a problem, which has a page of its own.
    `example`: an example on the wire, as HTML; empty if there is none.
    """

    type: str
    description: str
    rows: list[Row]
    example: Markup


@dataclass(frozen=True, slots=True)
class CloseCode:
    """A code with which the server closes a connection. `reconnects`: whether a client may open another connection."""

    code: str
    description: str
    reconnects: bool


@dataclass(frozen=True, slots=True)
class SocketDocs:
    """A WebSocket connection, as the reference page shows it.

    `directions`: for each direction, its title, and the messages.
    `problems`: the names of the problem types (RFC 9457) that an `error` message may have.
    """

    directions: list[tuple[str, list[MessageDocs]]]
    problems: list[str]
    close_codes: list[CloseCode]


def read_socket(operation: Mapping[str, Any]) -> SocketDocs | None:
    """Return the messages of an operation; None if it does not open a WebSocket connection.

    `operation`: an Operation Object without references.
    """
    if "x-messages" not in operation:
        return None
    titles = {"From the client": "receives", "From the server": "sends"}
    return SocketDocs(
        [(title, [_message(each) for each in operation["x-messages"][side]]) for title, side in titles.items()],
        problems=list(problems_of_messages(operation)),
        close_codes=[
            CloseCode(code, each.get("description", ""), each["reconnect"])
            for code, each in operation.get("x-close-codes", {}).items()
        ],
    )


def problems_of_messages(operation: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the problem types that an `error` message of an operation may have."""
    for example in operation.get("x-message-problems", {}).values():
        yield example["value"]["type"].removeprefix(PREFIX)


def _message(schema: Mapping[str, Any]) -> MessageDocs:
    (kind,) = schema["properties"]["type"]["enum"]
    shown = [row for row in rows(schema) if row.path != "type" and not row.path.startswith("problem.")]
    example = code_block(serialise(schema["example"]), "json") if "example" in schema else Markup()
    return MessageDocs(kind, schema.get("description", ""), shown, example)
