"""The rules for comparing the messages of a WebSocket operation: its members `x-messages`, `x-message-limits` and `x-close-codes`.

Clients send the messages under `receives`, and the server sends those under `sends`. A new message breaks nobody: clients ignore types
of messages that they do not know. To remove a message requires a new major version.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from app.compatibility.rules import effects
from app.compatibility.rules.change import Change, Direction, Effect
from app.compatibility.rules.comparison import Comparison
from app.compatibility.rules.rows import Row, Table, by_name, fixed, leaf, part, reworded
from app.compatibility.rules.schema_rules import SCHEMA


def _messages(direction: Direction) -> Row:
    return by_name(part(lambda: SCHEMA, "message", direction=direction))


def _sent(row: Row) -> Row:
    """Return the rule `row` for a member that describes what the server sends."""

    def sent_row(parent: Comparison, name: str) -> Iterator[Change]:
        yield from row(parent.on(Direction.RESPONSE), name)

    return sent_row


_MESSAGES: Final[Table] = {
    "receives": _messages(Direction.REQUEST),
    "sends": _messages(Direction.RESPONSE),
}

_LIMITS: Final[Table] = {
    "maxReceivedBytes": leaf(effects.at_most),
    "maxReceivedPerSecond": leaf(effects.at_most),
    "firstMessageSeconds": leaf(effects.at_most),
    "maxSentBytes": _sent(leaf(effects.at_most)),
}

_CLOSE_CODE: Final[Table] = {"reconnect": fixed, "description": reworded}

MESSAGE_MEMBERS: Final[Table] = {
    "x-messages": part(lambda: _MESSAGES, "messages"),
    "x-message-limits": part(lambda: _LIMITS, "message-limits", added=Effect.TIGHTENED),
    # A code that is no longer sent breaks nobody.
    "x-close-codes": _sent(by_name(part(lambda: _CLOSE_CODE, "close-code", removed=Effect.TIGHTENED))),
}
"""The rows for an operation in its normal form, in which the messages are keyed by the names of their components."""
