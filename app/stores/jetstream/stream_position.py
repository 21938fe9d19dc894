"""How far a node has followed a stream, and whether what the servers push is the continuation of it."""

from __future__ import annotations

from collections.abc import Sequence

from app.events.event import StoredEvent
from app.events.position import Epochs
from app.stores.jetstream.payloads import Message, read_message
from app.stores.jetstream.stream.stream_api import StreamInfo


class StreamPosition:
    """The offset through which a node has followed a stream, and the message at that offset once it is known. `epochs`: those of the log.

    Each consumer begins with the message at the offset, not with the next one. So a stream that was replaced by another, or whose
    end was lost and written anew, is noticed before anything of it is passed on. `is_lost`: whether the stream does not continue
    from here without a hole.
    """

    def __init__(self, offset: int, epochs: Epochs) -> None:
        self.offset = offset
        self._epochs = epochs
        self.is_lost = False
        self._last: Message | None = None
        self._stored_at_us = 0

    @property
    def resume_at(self) -> int:
        """The sequence with which the next consumer must begin."""
        return max(self.offset, 1)

    def is_in(self, info: StreamInfo) -> bool:
        """Return whether the stream has the message at the offset, or has deleted it but not the next one."""
        return info.first - 1 <= self.offset <= info.last

    def advance(self, messages: Sequence[Message]) -> Sequence[StoredEvent]:
        """Return the events that follow, and move on to the last of them. Sets `is_lost` at the first that does not follow."""
        events: list[StoredEvent] = []
        for message in messages:
            if message.sequence == self.offset:
                self.is_lost = self._last not in (None, message)
            elif message.sequence == self.offset + 1:
                events.append(self._event(message))
                self.offset = message.sequence
            else:
                self.is_lost = True
            if self.is_lost:
                break
            self._last = message
        return events

    def _event(self, message: Message) -> StoredEvent:
        event = read_message(message, self._epochs, self._stored_at_us)
        self._stored_at_us = event.stored_at_us
        return event
