"""Take the bytes of an event stream apart as the standard says, hiding nothing that decoders hide.

Comments, repeated fields, missing ids and blocks without data stay visible. The grammar is that of
https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from app.check.foreign_json import read_json

CONTROL_PREFIX: Final = "stream."


class Block(NamedTuple):
    """The lines between two blank lines."""

    lines: tuple[bytes, ...]

    def values(self, field: str) -> list[bytes]:
        """List what each line of a field says."""
        pairs = (line.partition(b":") for line in self.lines)
        return [value.removeprefix(b" ") for name, _, value in pairs if name == field.encode()]

    @property
    def id(self) -> str | None:
        """The id of this very block, which decoders cannot tell from one that came before."""
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
        """Read one member of the data; None where there is none."""
        try:
            data = read_json(self.data)
        except ValueError:
            return None
        return data.get(name) if isinstance(data, dict) else None


class OrderEvent(NamedTuple):
    """An order event as it was sent: equal only where every byte of the three is."""

    id: str
    event: str
    data: str


def order_event(block: Block) -> OrderEvent | None:
    """Read a block as an order event; None where it is a control event or no event at all."""
    if not block.values("data") or block.event.startswith(CONTROL_PREFIX):
        return None
    return OrderEvent(block.id or "", block.event, block.data)


class Splitter:
    """Cut a stream into blocks as its bytes arrive, however they are cut themselves."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Block]:
        """Take more bytes; return the blocks that are complete now."""
        received = self._rest + data
        whole = received.removesuffix(b"\r")  # it may be half of a line end
        *blocks, rest = whole.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n\n")
        self._rest = rest + received[len(whole) :]
        stripped = (block.strip(b"\n") for block in blocks)
        return [Block(tuple(block.split(b"\n"))) for block in stripped if block]


def _text(value: bytes) -> str:
    return value.decode("utf-8", "backslashreplace")
