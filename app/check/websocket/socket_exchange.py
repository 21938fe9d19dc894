"""A WebSocket connection as a value, which can be written as a command that repeats it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from app.check.request import LONGEST_SHOWN, without_user


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
        texts = [_shown(each) for each in self.messages]
        binary = ["-b"] if any(isinstance(each, bytes) for each in self.messages) else []
        printed = shlex.join(["printf", r"%s\n", *texts])
        return f"{printed} | {shlex.join(['websocat', '-n', *binary, '--protocol', self.subprotocol, url])}"


def _shown(message: str | bytes) -> str:
    text = message.decode("latin-1") if isinstance(message, bytes) else message
    return text if len(text) <= LONGEST_SHOWN else f"<a message of {len(text)} characters>"
