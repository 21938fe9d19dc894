"""uvicorn's server, changed to end all streams on a signal before it stops, and to exit with code 0.

uvicorn 0.54 alone has these faults: with an open stream, SIGTERM never ends the process; after a clean stop the exit code is
-15; `SIGHUP` ends the process at once. The classes of the connections are in `app/server/connections/protocol.py` and
`app/server/connections/stream_connection.py`.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp

from app.server.accept_queue import AcceptQueue
from app.server.config import Config
from app.server.connection_counts import ConnectionCounts
from app.server.connections.protocol import StreamProtocol
from app.server.connections.taken_connection import TakenConnection
from app.server.connections.timetable import Timetable
from app.server.listener import BACKLOG

DRAIN_SECONDS: Final = 5.0  # for the streams to send their last frame; then they are cut
# For requests that are being answered; both together are well within the 10 s that a deploy allows.
GRACE_SECONDS: Final = 3

_log = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """A server that runs until it receives a signal, then ends its streams and returns normally."""

    config: Config

    def __init__(
        self,
        application: ASGIApp,
        drain: Callable[[], Awaitable[None]],
        on_started: Callable[[], object],
        counts: ConnectionCounts,
    ) -> None:
        """Create a server for an ASGI application; `serve` runs the server.

        `drain`: ends every stream, and returns once all streams have ended. `on_started`: called once the server answers
        requests and handles signals. `counts`: what is counted of its connections.
        """
        timetable = Timetable(time.monotonic, counts.cuts)
        super().__init__(
            Config(
                application,
                timetable,
                counts.refusals,
                http=StreamProtocol,
                server_header=False,
                backlog=BACKLOG,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        counts.open = self.server_state.connections
        self._timetable = timetable
        self._drain = drain
        self._on_started = on_started

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.config.on_accepted = AcceptQueue(sockets[0], self._make_protocol).note_accepted
        self._on_started()

    def _make_protocol(self) -> StreamProtocol:
        return StreamProtocol(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)

    async def on_tick(self, counter: int) -> bool:
        """Cut the connections whose deadlines have passed. uvicorn calls this method ten times a second."""
        self._timetable.sweep()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: Any = None) -> None:
        """End all streams, then stop. Streams that are still open after DRAIN_SECONDS are cut.

        While the streams end, the server still accepts connections, so that new clients get a response instead of a refused
        connection.
        """
        _log.info("The server stops: %s.", ", ".join(signal.Signals(each).name for each in self._captured_signals))
        try:
            await asyncio.wait_for(self._drain(), DRAIN_SECONDS)
        except TimeoutError:
            self._cut_streams()
        await super().shutdown(sockets)

    def _cut_streams(self) -> None:
        connections: list[object] = [*self.server_state.connections]  # uvicorn's type does not know ours
        streams = [each for each in connections if isinstance(each, TakenConnection)]
        _log.warning("%d streams had not ended after %g s, and were cut.", len(streams), DRAIN_SECONDS)
        for stream in streams:
            stream.transport.abort()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Handle signals as uvicorn does, and `SIGHUP` in the same way as `SIGTERM`.

        Unlike uvicorn, do not raise the signals again after a clean stop, so that the exit code is 0.
        """
        with super().capture_signals(), self._hangup_handled():
            yield
            self._captured_signals.clear()

    @contextmanager
    def _hangup_handled(self) -> Generator[None, None, None]:
        # The terminal was closed. A process that was started with `nohup` ignores that, and goes on.
        before = signal.getsignal(signal.SIGHUP)
        if before is not signal.SIG_IGN:
            signal.signal(signal.SIGHUP, self.handle_exit)
        try:
            yield
        finally:
            signal.signal(signal.SIGHUP, before)
