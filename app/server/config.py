"""The configuration of uvicorn, and what the connections of one server share beyond it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import uvicorn

from app.server.connections.timetable import Timetable


class Config(uvicorn.Config):
    """A configuration of uvicorn that every connection can read.

    `timetable`: the deadlines of all connections of this server. `refusals`: counts requests that are not valid HTTP, by status.
    `on_accepted`: called with each connection that was accepted.
    """

    def __init__(
        self, application: Any, timetable: Timetable, refusals: Counter[str] | None = None, **options: Any
    ) -> None:
        super().__init__(
            application,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,  # uvicorn would believe every process on this machine, and read an environment variable
            **options,
        )
        self.timetable = timetable
        self.refusals = Counter[str]() if refusals is None else refusals
        self.on_accepted: Callable[[], object] = _do_nothing


def _do_nothing() -> None:
    """Stand for the function to call when a connection was accepted, if there is none."""
