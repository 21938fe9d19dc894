"""The record of a server that brings a log of an older format to the present format, and what a log may be after it was interrupted."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from app.events.event import StoredEvent
from app.events.position import Epoch, Floor
from app.specification.strict_json import serialise
from app.stores.sqlite.file.format import FORMAT
from app.stores.sqlite.store import SqliteStore
from tests.events.logs import run
from tests.power_cuts.recording import DATABASE, REASON_CHARACTERS, Acknowledged, Recording, record_start
from tests.power_cuts.restart import Cut
from tests.stores.older_logs import dump, version, write_format_1, write_format_2
from tests.stores.opened import opening
from tests.support.checker import Mark
from tests.support.publishers import CANCELLED, as_event

FLOOR: Final = Floor(100, 1_795_898_365_000_000)  # within a block of the present format, whose blocks have 256 events
EPOCHS: Final = (Epoch("aaaaaaaa", 1), Epoch("bbbbbbbb", 700), Epoch("cccccccc", 701))


WRITERS: Final = {1: write_format_1, 2: write_format_2}
"""By the number of an older format, what writes a log of it."""


def record_upgrade(folder: Path, events: int, older: int) -> Recording:
    """Start and end a server on a log of an older format with so many events, and return what happened."""
    log = folder / "log"
    log.mkdir(parents=True)
    stored = [_stored(offset) for offset in range(FLOOR.offset + 1, FLOOR.offset + events + 1)]
    WRITERS[older](log / DATABASE, stored, EPOCHS, FLOOR)
    return record_start(log, [Acknowledged(0, event.event_id, event.id) for event in stored])


def _stored(offset: int) -> StoredEvent:
    epoch = next(epoch for epoch in reversed(EPOCHS) if epoch.first_offset <= offset)
    mark = Mark(0, offset)
    data = as_event(mark, characters=REASON_CHARACTERS)["data"]
    assert isinstance(data, dict)
    return StoredEvent(
        offset, epoch.name, CANCELLED, "1.0.0", str(mark), str(mark), FLOOR.stored_at_us + offset, serialise(data)
    )


def open_interrupted(recording: Recording, cut: Cut, folder: Path) -> int:
    """Open what a cut left of an upgrade, first as an older release does, if it still can, then as this one does.

    Returns the format of the log before it is opened. Raises AssertionError if anything differs from the log before the upgrade.
    """
    for name in ("before", "old", "new"):
        (folder / name).mkdir(parents=True)
        for path, content in (recording.files if name == "before" else cut.files).items():
            (folder / name / Path(path).name).write_bytes(content)
    found = version(folder / "old" / DATABASE)
    if found < FORMAT:
        assert dump(folder / "old" / DATABASE) == dump(folder / "before" / DATABASE)
    run(_open(recording, folder / "new" / DATABASE))
    return found


async def _open(recording: Recording, path: Path) -> None:
    async with opening(SqliteStore(path)) as log:
        assert [(event.event_id, event.id) for event in await log.events()] == [
            (each.event_id, each.id) for each in recording.acknowledged
        ]
        assert log.opened.floor == FLOOR
        assert log.opened.epochs._epochs[: len(EPOCHS)] == EPOCHS
