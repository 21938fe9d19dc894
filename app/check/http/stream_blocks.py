"""Split the bytes of an event stream into blocks, keeping everything that decoders drop.

Comments, repeated fields, missing ids and blocks without data stay visible. The grammar is that of
https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from app.check.foreign_json import read_json

CONTROL_PREFIX: Final = "stream."


class Block(NamedTuple):
    """The lines of a stream between two blank lines."""

    lines: tuple[bytes, ...]

    def values(self, field: str) -> list[bytes]:
        """Return the values of a field, one for each line that has it."""
        pairs = (line.partition(b":") for line in self.lines)
        return [value.removeprefix(b" ") for name, _, value in pairs if name == field.encode()]

    @property
    def id(self) -> str | None:
        """The id in this block, or None. A decoder would repeat the id of an earlier block instead."""
        ids = self.values("id")
        return _text(ids[-1]) if ids else None

    @property
    def event(self) -> str:
        events = self.values("event")
        return _text(events[-1]) if events else "message"

    @property
    def data(self) -> str:
        return _text(b"\n".join(self.values("data")))

    @property
    def text(self) -> bytes:
        return b"\n".join(self.lines)

    def member(self, name: str) -> object:
        """Return one member of the data, or None if the data is not an object that has it."""
        try:
            data = read_json(self.data)
        except ValueError:
            return None
        return data.get(name) if isinstance(data, dict) else None


class OrderEvent(NamedTuple):
    """An order event exactly as it was sent; two are equal only if all three texts are."""

    id: str
    event: str
    data: str


def order_event(block: Block) -> OrderEvent | None:
    """Return the order event in a block, or None if the block holds a control event or no event."""
    if not block.values("data") or block.event.startswith(CONTROL_PREFIX):
        return None
    return OrderEvent(block.id or "", block.event, block.data)


class Splitter:
    """Splits a stream into blocks while its bytes arrive, in chunks of any size."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Block]:
        """Add a chunk of bytes, and return the blocks that it completes."""
        received = self._rest + data
        whole = received.removesuffix(b"\r")  # a "\n" may follow that belongs to the same line end
        *blocks, rest = whole.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n\n")
        self._rest = rest + received[len(whole) :]
        stripped = (block.strip(b"\n") for block in blocks)
        return [Block(tuple(block.split(b"\n"))) for block in stripped if block]


def _text(value: bytes) -> str:
    return value.decode("utf-8", "backslashreplace")
