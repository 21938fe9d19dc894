"""The file with the id of the last forwarded event, after which the next run of `forward` goes on."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from app.client.protocol.stream_options import can_be_id

_LONGEST_ID = 64  # characters, by the contract


class KeptPosition:
    """The id in a file. `event_id`: the id, or None if the file does not exist yet."""

    def __init__(self, path: Path) -> None:
        """Read the file. Raises click.ClickException if it contains something other than an id, OSError if it cannot be read."""
        self._path = path
        self.event_id = _read(path)

    def keep(self, event_id: str) -> None:
        """Write an id, so that a crash or a power cut leaves this id or the one before. Raises OSError.

        The file is never ahead of what was forwarded: it is written only after that. If it lags, events are forwarded again.
        """
        if event_id == self.event_id:
            return
        draft = self._path.with_name(f"{self._path.name}.new")
        with draft.open("w", encoding="ascii") as file:
            file.write(f"{event_id}\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
        _sync_folder(self._path.parent)
        self.event_id = event_id


@contextmanager
def kept_position(path: Path) -> Iterator[KeptPosition]:
    """Lock the file `<path>.lock` while the context is open, and give the position in the file `path`.

    Raises click.ClickException if the file cannot be locked, or another process has locked it: two would forward every event twice.
    """
    try:
        lock = Path(f"{path}.lock").open("w")  # noqa: SIM115  # closed below
    except OSError as error:
        reason = error.strerror or error
        raise click.ClickException(
            f"No position can be kept in {path}: {reason}. Name a file in a folder that exists and can be written."
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise click.ClickException(
                f"Another process forwards events and keeps its position in {path}. Give each its own file."
            ) from None
        yield KeptPosition(path)


def _read(path: Path) -> str | None:
    try:
        text = path.read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return None
    event_id = text.strip()
    if not event_id or len(event_id) > _LONGEST_ID or not can_be_id(event_id):
        raise click.ClickException(
            f"{path} does not contain the id of an event. Correct it, or remove it to begin where --from says."
        )
    return event_id


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
