"""A real server behind the stage, on an empty log: for the pages, the documents, and everything else that is no stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

from app.rehearse.stage.played_stream import HEARTBEAT_SECONDS
from app.rehearse.stage.script import RETRY_MS
from app.server.listener import listen
from app.server.server import Server
from app.service import open_service
from app.settings import Settings, StoreUrl

_HOST: Final = "127.0.0.1"


@asynccontextmanager
async def server_behind(root: Path) -> AsyncIterator[tuple[str, int]]:
    """Run a server of the contract in a folder, and yield its host and port. Raises StartupError if the contract is not valid."""
    settings = Settings(
        contract=root, store=StoreUrl("memory", ""), heartbeat_seconds=HEARTBEAT_SECONDS, retry_ms=RETRY_MS
    )
    started = asyncio.Event()
    with listen(_HOST, 0) as listener:
        async with open_service(settings) as service:
            server = _Server(service.application, service.drain, started.set, service.connections)
            serving = asyncio.create_task(server.serve([listener]))
            try:
                await started.wait()
                yield _HOST, listener.getsockname()[1]
            finally:
                server.should_exit = True
                await serving


class _Server(Server):
    """A server that leaves signals to the command that runs it."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield
