"""Work beside other work: a coroutine that runs as long as the body of a `with` statement."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

from app.events.errors import Draining

_log = logging.getLogger(__name__)


@asynccontextmanager
async def in_background(name: str, work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run a coroutine beside the body of a `with` statement, and cancel it at the end. `name`: for the log, if it fails."""
    task = asyncio.create_task(_logged(name, work))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        work.close()  # closes the coroutine if the task was cancelled before it began


async def _logged(name: str, work: Coroutine[Any, Any, None]) -> None:
    # An error of a background task must not end the server, because streams go on without it; but the error must be logged.
    try:
        await work
    except Draining:
        return  # not an error: the server is about to stop, and accepts no more events
    except Exception:  # noqa: BLE001  # any error: the server goes on, and the error is logged
        _log.exception("%s ended with an error.", name)
