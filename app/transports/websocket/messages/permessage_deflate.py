"""The compression of WebSocket messages (permessage-deflate, RFC 7692): what is agreed with a client, and what it sends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from websockets.exceptions import InvalidHeader, NegotiationError
from websockets.extensions.permessage_deflate import PerMessageDeflate, ServerPerMessageDeflateFactory
from websockets.frames import Frame
from websockets.headers import build_extension, parse_extension
from websockets.typing import ExtensionHeader, ExtensionParameter

from app.transports.compression.shared_deflate import WINDOW_BITS

# The client must compress each message by itself. So no decompressor stays in memory between messages.
_FACTORY: Final = ServerPerMessageDeflateFactory(client_no_context_takeover=True)


def agree_on_deflate(offers: Iterable[str]) -> str | None:
    """Return the field value with which the server accepts an offer of permessage-deflate; None if there is none to accept.

    `offers`: the values of the field Sec-WebSocket-Extensions of the request. An offer is not accepted if the server would have to
    forget the previous message (`server_no_context_takeover`), or to look back less far than it does (`server_max_window_bits`),
    because the messages are compressed once for all connections. A field value that is malformed offers nothing.
    """
    answers = (_answer(parameters) for name, parameters in _listed(offers) if name == _FACTORY.name)
    return next((answer for answer in answers if answer is not None), None)


def _listed(offers: Iterable[str]) -> list[ExtensionHeader]:
    try:
        return [extension for offer in offers for extension in parse_extension(offer)]
    except InvalidHeader:
        return []


def _answer(parameters: Sequence[ExtensionParameter]) -> str | None:
    try:
        answer, agreed = _FACTORY.process_request_params(parameters, [])
    except NegotiationError:
        return None
    if agreed.local_no_context_takeover or agreed.local_max_window_bits < WINDOW_BITS:
        return None
    return build_extension([(_FACTORY.name, answer)])


class Inflation(PerMessageDeflate):
    """The decompressor for the messages of a client, each of which is compressed by itself.

    `grown_bytes`: by how many bytes they have grown.
    """

    def __init__(self) -> None:
        super().__init__(
            remote_no_context_takeover=True,
            local_no_context_takeover=True,  # this object compresses nothing
            remote_max_window_bits=15,
            local_max_window_bits=15,
        )
        self.grown_bytes = 0

    def decode(self, frame: Frame, *, max_size: int | None = None) -> Frame:
        decoded = super().decode(frame, max_size=max_size)
        self.grown_bytes += max(0, len(decoded.data) - len(frame.data))
        return decoded
