"""How a client sends events: the interface of the publishers, of which every transport has one."""

from __future__ import annotations

from typing import Protocol

from ..protocol.server_response import ServerResponse


class EventPublisher(Protocol):
    """How events go to a server."""

    def publish(self, events: bytes) -> ServerResponse:
        """Send events and return the answer. `events`: a JSON array. Raises TransientError, RequestRefused, UnexpectedAnswer."""

    def close(self) -> None:
        """Close the connections that belong to the publisher alone."""


class AsyncEventPublisher(Protocol):
    """The same for asyncio."""

    async def publish(self, events: bytes) -> ServerResponse:
        """Send events and return the answer. `events`: a JSON array. Raises TransientError, RequestRefused, UnexpectedAnswer."""

    async def close(self) -> None:
        """Close the connections that belong to the publisher alone."""
