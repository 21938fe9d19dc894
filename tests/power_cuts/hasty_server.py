"""`python -m tests.power_cuts.hasty_server serve …`: a server that acknowledges events before they are on disk."""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import Any

from app.cli import main


class HastyConnection(sqlite3.Connection):
    """A connection that syncs at checkpoints only, whatever it is asked for."""

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        return super().execute(sql.replace("synchronous = FULL", "synchronous = NORMAL"), *parameters)


if __name__ == "__main__":
    setattr(sqlite3, "connect", partial(sqlite3.connect, factory=HastyConnection))  # noqa: B010  # mypy refuses the assignment
    main()
