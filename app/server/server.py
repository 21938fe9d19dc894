"""uvicorn, as a server of streams needs it: it drains before it stops, and leaves with exit code 0.

What is changed, and why (uvicorn 0.54): a SIGTERM with an open stream never ended; the exit code of a clean stop was -15. What
its protocol lacks is in `app/server/protocol.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any, Final

import uvicorn

from app.server.protocol import StreamProtocol

DRAIN_SECONDS: Final = 5.0  # for streams to take their last frame; then they are cut
GRACE_SECONDS: Final = 3  # for requests under way to be answered; together well within the 10 s that a deploy allows


class Server(uvicorn.Server):
    """Serve until a signal; then tell every stream, wait for it, and leave with exit code 0."""

    def __init__(
        self, config: uvicorn.Config, drain: Callable[[], Awaitable[None]], on_started: Callable[[], None]
    ) -> None:
        """Take `drain`, which tells the streams to end and returns when they have.

        `on_started` is called once requests are answered and signals are handled.
        """
        super().__init__(config)
        self._drain = drain
        self._on_started = on_started

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self._on_started()

    async def shutdown(self, sockets: Any = None) -> None:
        """Drain first, with the listener still open: a client that comes now is told to come back, not refused."""
        try:
            await asyncio.wait_for(self._drain(), DRAIN_SECONDS)
        except TimeoutError:
            self._cut_streams()
        await super().shutdown(sockets)

    def _cut_streams(self) -> None:
        for connection in list(self.server_state.connections):
            if isinstance(connection, StreamProtocol) and connection.is_streaming:
                connection.transport.abort()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Handle signals as uvicorn does, but do not raise one again that was answered in full."""
        with super().capture_signals():
            yield
            self._captured_signals.clear()
