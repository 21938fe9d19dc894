"""Split the bytes of an event stream into blocks (the lines between two blank lines), and keep what a decoder would drop.

Comments, repeated fields, missing ids and blocks without data stay visible. The grammar is that of
https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from app.check.foreign_json import read_json

CONTROL_PREFIX: Final = "stream."


class Block(NamedTuple):
    """The lines of an event stream between two blank lines."""

    lines: tuple[bytes, ...]

    def values(self, field: str) -> list[bytes]:
        """Return the values of all lines with the given field name, such as `data`, in their order."""
        pairs = (line.partition(b":") for line in self.lines)
        return [value.removeprefix(b" ") for name, _, value in pairs if name == field.encode()]

    @property
    def id(self) -> str | None:
        """The value of the `id` field in this block; None if the block has no such field.

        A decoder of event streams would give the event in such a block the id of an earlier block instead.
        """
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
        """Return one member of the block's data; None if the data is not a JSON object or has no such member."""
        try:
            data = read_json(self.data)
        except ValueError:
            return None
        return data.get(name) if isinstance(data, dict) else None


class OrderEvent(NamedTuple):
    """An order event as the server sent it, as three strings; two events are equal only if all three strings are equal."""

    id: str
    event: str
    data: str


def order_event(block: Block) -> OrderEvent | None:
    """Return the order event in a block; None if the block has a control event (sent by the server itself) or no event."""
    if not block.values("data") or block.event.startswith(CONTROL_PREFIX):
        return None
    return OrderEvent(block.id or "", block.event, block.data)


class Splitter:
    """Splits the bytes of an event stream into blocks while the bytes arrive, in chunks of any size."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Block]:
        """Add a chunk of bytes, and return the blocks that are now complete."""
        received = self._rest + data
        whole = received.removesuffix(b"\r")  # a "\n" may follow that belongs to the same line end
        *blocks, rest = whole.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n\n")
        self._rest = rest + received[len(whole) :]
        stripped = (block.strip(b"\n") for block in blocks)
        return [Block(tuple(block.split(b"\n"))) for block in stripped if block]


def _text(value: bytes) -> str:
    return value.decode("utf-8", "backslashreplace")
