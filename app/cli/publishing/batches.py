"""Read the events of a file in batches. Only one batch is in memory, so the file may be of any length."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from app.cli.publishing.pieces import Piece, Pieces, RefusedPiece
from app.sources.ndjson import read_event
from app.specification.errors import MalformedJson
from app.specification.strict_json import JsonValue

BATCH_BYTES: Final = 512 * 1024  # servers and proxies commonly accept bodies of up to 1 MB


class NumberedEvent(NamedTuple):
    """An event to send. `number`: the number of its line, or its number in the array, from 1."""

    number: int
    event: dict[str, JsonValue]


@dataclass(slots=True)
class Batch:
    """Events to send in one request.

    `events`: the events. `refused`: lines or array elements, between these events in the file, that are not events.
    `bytes_read`: how many bytes of the file have been read, up to the end of this batch.
    """

    events: list[NumberedEvent] = field(default_factory=list)
    refused: list[RefusedPiece] = field(default_factory=list)
    bytes_read: int = 0


def read_batches(pieces: Pieces, batch_size: int) -> Iterator[Batch]:
    """Group the pieces of a file (the text of one event each) into batches, and parse them.

    A batch ends after `batch_size` events, after `BATCH_BYTES` of text, or if no further bytes are available at the moment.
    """
    batch, batch_bytes = Batch(), 0
    for piece in pieces:
        if piece is None or len(batch.events) == batch_size or batch_bytes > BATCH_BYTES:
            yield batch
            batch, batch_bytes = Batch(bytes_read=batch.bytes_read), 0
        match piece:
            case RefusedPiece():
                batch.refused.append(piece)
            case Piece():
                _add(batch, piece)
                batch_bytes += len(piece.text)
    yield batch


def _add(batch: Batch, piece: Piece) -> None:
    batch.bytes_read = piece.end
    try:
        event = read_event(piece.number, piece.text)
    except MalformedJson as malformed:
        batch.refused.append(RefusedPiece(piece.number, str(malformed)))
        return
    if isinstance(event, dict):
        batch.events.append(NumberedEvent(piece.number, event))
    else:
        reason = 'An event is a JSON object, such as {"eventType": ..., "data": {...}}.'
        batch.refused.append(RefusedPiece(piece.number, reason))
