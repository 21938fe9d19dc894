"""What a client sends over a WebSocket connection: frames, put together to messages (RFC 6455 §5 and §7)."""

from __future__ import annotations

import logging
from typing import Final

from websockets.extensions import Extension
from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol, Side, State

from app.transports.websocket.errors import CloseCode, ConnectionFault
from app.transports.websocket.messages.permessage_deflate import Inflation

# A shorter fragment counts as a message, so that a message in a million fragments is noticed as one in a million messages is.
FREE_FRAGMENT_BYTES: Final = 1024
# 8 KB that grow to 8 MB cost the server as much as 8 MB. A client may send that once a second, and not a hundred times.
GROWN_BYTES: Final = 128 * 1024

# Not that of this module: with --log-level debug the library would write each frame, with its token or its events.
_LOG: Final = logging.getLogger("websockets.server")


class Incoming:
    """The messages and control frames of one client. It answers pings and close frames, and refuses what is not WebSocket.

    `message_bytes`: the largest message. `is_compressed`: whether messages may be compressed (permessage-deflate).

    It takes some 3 KB, and a client sends a few messages in an hour. So it exists only while there is something in it; see
    `is_empty`.
    """

    def __init__(self, message_bytes: int, *, is_compressed: bool) -> None:
        self._wire = _Wire()
        self._inflation = Inflation() if is_compressed else None
        self._protocol = Protocol(Side.SERVER, max_size=message_bytes, logger=_LOG)
        # The last one reads a frame first.
        self._protocol.extensions = [self._wire] if self._inflation is None else [self._inflation, self._wire]
        self._received_bytes = 0
        self._fragments = bytearray()
        self._is_fragmented = False

    @property
    def unfinished_bytes(self) -> int:
        """How many bytes have been received of a message, or of a frame, that is not complete. A message that began with an empty
        fragment counts as one byte, so that it must be finished in time like any other.
        """
        received = self._received_bytes - self._wire.parsed_bytes + len(self._fragments)
        return max(received, 1) if self._is_fragmented else received

    @property
    def is_empty(self) -> bool:
        """Whether nothing was received in part, so that another object can go on in place of this one."""
        return not self.unfinished_bytes and self._protocol.state is State.OPEN

    def receive(self, data: bytes) -> list[bytes]:
        """Parse received data. Returns the texts of the messages that are complete now.

        Raises ConnectionFault if a message is not text in UTF-8.
        """
        self._received_bytes += len(data)
        self._protocol.receive_data(data)
        frames = [each for each in self._protocol.events_received() if isinstance(each, Frame)]
        return [text for text in map(self._completed, frames) if text is not None]

    def take_count(self) -> int:
        """Return how many messages and control frames were received since the last call.

        A short fragment counts as a message, and so do every GROWN_BYTES that compressed messages have grown by.
        """
        count, self._wire.count = self._wire.count, 0
        if self._inflation is not None:
            grown, self._inflation.grown_bytes = divmod(self._inflation.grown_bytes, GROWN_BYTES)
            count += grown
        return count

    @property
    def refusal(self) -> int | None:
        """The close code with which this object ends the connection; None if it does not, or if the client ends it."""
        sent = self._protocol.close_sent
        return sent.code if sent is not None and self._protocol.parser_exc is not None else None

    def take_answers(self) -> tuple[bytes, bool]:
        """Return the frames that answer what was received, and whether the connection ends with them."""
        return b"".join(self._protocol.data_to_send()), self._protocol.state is not State.OPEN

    def release(self) -> None:
        """Free the memory of this object, which is not used any more.

        The protocol, its parser and the error that ended it refer to each other. Without this call they, and up to 8 MB of a message
        that was received in part, would stay in memory until the next garbage collection.
        """
        self._protocol.parser.close()
        self._protocol.parser_exc = None
        self._protocol.reader.discard()
        self._fragments.clear()

    def _completed(self, frame: Frame) -> bytes | None:
        """Return the text of the message that is complete with this frame; None if none is."""
        if frame.opcode is Opcode.BINARY:
            raise ConnectionFault(CloseCode.BINARY, "Messages are text; this one is binary.")
        if frame.opcode not in (Opcode.TEXT, Opcode.CONT):
            return None
        if not frame.fin:
            self._fragments += frame.data
            self._is_fragmented = True
            return None
        text = bytes(self._fragments + frame.data) if self._is_fragmented else bytes(frame.data)
        self._fragments.clear()
        self._is_fragmented = False
        _check_utf8(text)
        return text


class _Wire(Extension):
    """A view of the frames as they were received, before any other extension changes them; it changes nothing."""

    def __init__(self) -> None:
        self.parsed_bytes = 0  # of complete frames, with their heads
        self.count = 0

    def decode(self, frame: Frame, *, max_size: int | None = None) -> Frame:  # noqa: ARG002  # the signature of Extension
        size = len(frame.data)
        self.parsed_bytes += size + (6 if size < 126 else 8 if size < 65_536 else 14)
        self.count += frame.fin or size < FREE_FRAGMENT_BYTES
        return frame

    def encode(self, frame: Frame) -> Frame:
        return frame


def _check_utf8(text: bytes) -> None:
    try:
        text.decode()
    except UnicodeDecodeError as error:
        raise ConnectionFault(CloseCode.NOT_UTF8, f"The message is not UTF-8 from byte {error.start + 1} on.") from None
