"""Damage to the files of a SQLite log, drawn by lot, and a judge of how a store answers then."""

from __future__ import annotations

import logging
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from app.events.errors import EventIdConflict, StoreRefused, StoreUnavailable
from app.events.event import Event, StoredEvent
from app.events.filter import Filter
from app.stores.sqlite.file.mark import MarkFile
from app.stores.sqlite.store import SqliteStore
from tests.stores.opened import OpenStore, opening

NAME: Final = "log.db"
TYPES: Final = ("order.created", "order.shipped", "order.cancelled")
ORDERS: Final = 40
PAGE: Final = 100
COUNTED_US: Final = 50_000  # in an interval: several begin while the log is written


def numbered(first: int, last: int) -> list[Event]:
    """Return events of some orders and types, with data that is different for each."""
    return [
        Event(
            TYPES[n % 3], "1.0.0", f"event-{n}", f"or_{n * 7 % ORDERS}", f'{{"orderId":"or_{n * 7 % ORDERS}","n":{n}}}'
        )
        for n in range(first, last + 1)
    ]


@dataclass(frozen=True)
class Written:
    """A log that was written: copies of its files as a crash left them, as a clean end did, and from an earlier time."""

    crashed: Path
    ended: Path
    earlier: Path
    events: Sequence[StoredEvent]
    floor: int


async def write_log(folder: Path) -> Written:
    """Write a log of 1,500 events, 300 of them deleted, in two runs; some of the events are in its WAL file only."""
    live = folder / "live"
    live.mkdir(parents=True)
    events: list[StoredEvent] = []
    async with opening(SqliteStore(live / NAME)) as log:
        for first in range(1, 601, 25):
            events += await log.append(*numbered(first, first + 24))
    copy_of(live, folder / "earlier")
    async with opening(SqliteStore(live / NAME, retain_events=1200)) as log:
        for first in range(601, 1501, 9):
            events += await log.append(*numbered(first, first + 8))
        copy_of(live, folder / "crashed")
        floor = log.floor.offset
    copy_of(live, folder / "ended")
    return Written(folder / "crashed", folder / "ended", folder / "earlier", events, floor)


def copy_of(source: Path, target: Path) -> Path:
    target.mkdir(exist_ok=True)
    for file in source.iterdir():
        shutil.copy(file, target)
    return target


# --- damage --------------------------------------------------------------------------------------------------------------------


def flip(file: Path, chance: random.Random) -> None:
    content = bytearray(file.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    file.write_bytes(content)


def cut(file: Path, chance: random.Random) -> None:
    size = file.stat().st_size
    with file.open("r+b") as opened:
        opened.truncate(size - min(size, chance.choice([1, 100, 2000, 4096, 20_000, size // 2, size])))


def zero(file: Path, chance: random.Random) -> None:
    sector = chance.choice([512, 4096])
    with file.open("r+b") as opened:
        opened.seek(chance.randrange(file.stat().st_size // sector + 1) * sector)
        opened.write(bytes(sector))


def scramble(file: Path, chance: random.Random) -> None:
    with file.open("r+b") as opened:
        opened.seek(chance.randrange(max(1, file.stat().st_size - 64)))
        opened.write(chance.randbytes(chance.choice([1, 8, 64])))


def remove(file: Path, _: random.Random) -> None:
    file.unlink()


def swap(file: Path, chance: random.Random) -> None:
    """Exchange two pages: each is intact, and stands in the wrong place."""
    content = bytearray(file.read_bytes())
    one, two = (chance.randrange(max(1, len(content) // 4096)) * 4096 for _ in range(2))
    content[one : one + 4096], content[two : two + 4096] = content[two : two + 4096], content[one : one + 4096]
    file.write_bytes(content)


DAMAGES: Final[Sequence[Callable[[Path, random.Random], None]]] = (
    flip,
    flip,
    flip,
    cut,
    zero,
    zero,
    scramble,
    swap,
    remove,
)


@dataclass
class Case:
    """One damage: the folder of the log, and what was done to it."""

    folder: Path
    story: list[str] = field(default_factory=list)


def damaged(written: Written, folder: Path, seed: int) -> Case:
    """Copy a log, and damage the copy."""
    chance = random.Random(seed)
    if chance.random() < 0.1:
        case = Case(copy_of(written.crashed, folder), ["an earlier file beside a newer -wal"])
        shutil.copy(written.earlier / NAME, folder)
        return case
    case = Case(copy_of(chance.choice([written.crashed, written.ended]), folder))
    for _ in range(chance.choice([1, 1, 1, 2])):
        files = [each for each in folder.iterdir() if not each.name.endswith(("-shm", ".lock")) and each.stat().st_size]
        if not files:
            break
        file = chance.choice([each for each in files if not each.name.endswith(".mark")] * 4 + files)
        damage = chance.choice(DAMAGES)
        case.story.append(f"{damage.__name__} {file.name}")
        damage(file, chance)
    return case


# --- the judge -----------------------------------------------------------------------------------------------------------------


@dataclass
class Verdict:
    """The outcome of a damage: refused, unavailable, the end lost, or unhurt; and the faults, if any."""

    outcome: str
    faults: list[str] = field(default_factory=list)
    stored_twice: list[str] = field(default_factory=list)


class Lines(logging.Handler):
    """The lines that the store wrote to the server's log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@contextmanager
def logged() -> Iterator[list[str]]:
    handler, logger = Lines(), logging.getLogger("app.stores")
    logger.addHandler(handler)
    try:
        yield handler.lines
    finally:
        logger.removeHandler(handler)


async def judge(written: Written, case: Case) -> Verdict:
    """Start on a damaged log, read all of it in several ways, send events again, and compare with what was written."""
    nothing_left = not (case.folder / NAME).exists() and not MarkFile(case.folder / NAME).path.exists()
    with logged() as lines:
        try:
            async with opening(SqliteStore(case.folder / NAME)) as log:
                verdict = await _examined(written, log, [*lines, "gone" if nothing_left else ""])
        except StoreRefused as refused:
            return Verdict("refused", [] if "\n" not in str(refused) else [f"more than a line: {refused}"])
    if any("\n" in line for line in lines):
        verdict.faults.append(f"a line that is not one: {lines}")
    return verdict


async def _examined(written: Written, log: OpenStore, lines: Sequence[str]) -> Verdict:
    truth = {each.offset: each for each in written.events}
    head, newest = log.opened.head, written.events[-1]
    verdict = Verdict("unhurt")
    if head < newest.offset:
        verdict.outcome = "lost its end"
        if log.opened.epochs.lost(newest.position, head) is None:
            verdict.faults.append("an id that is gone is taken for one that is there")
        if not any("gone" in line or "has no mark" in line for line in lines):
            verdict.faults.append(f"{newest.offset - head} events are gone without a word")
    if log.opened.floor.offset != written.floor and log.opened.head == newest.offset:
        verdict.faults.append(f"the floor is {log.opened.floor.offset}, not {written.floor}")
    filters = [
        Filter(),
        *(Filter(order_ids=frozenset({f"or_{n}"})) for n in range(0, ORDERS, 5)),
        *(Filter(event_types=frozenset({name})) for name in TYPES),
    ]
    for filter in filters:
        if not await _reads(log, filter, truth, verdict):
            verdict.outcome = "unavailable"
        await _counts(log, filter, truth, verdict)
    await _retries(log, written.events, verdict)
    return verdict


async def _reads(log: OpenStore, filter: Filter, truth: Mapping[int, StoredEvent], verdict: Verdict) -> bool:
    """Read all that matches; return False if the store says that it cannot."""
    after, head = log.opened.floor.offset, log.opened.head
    expected = [
        truth[offset] for offset in range(after + 1, head + 1) if offset in truth and filter.matches(truth[offset])
    ]
    found: list[StoredEvent] = []
    try:
        while after < head:
            page = await log.page(after, head, filter, PAGE)
            if page.through <= after:
                verdict.faults.append("a page that goes nowhere")
                return True
            found += page.events
            after = page.through
    except StoreUnavailable:
        if found != expected[: len(found)]:
            verdict.faults.append(f"wrong events before the store was unavailable, for {filter}")
        return False
    if found != expected:
        verdict.faults.append(f"{len(found)} events instead of {len(expected)} for {filter}")
    return True


async def _counts(log: OpenStore, filter: Filter, truth: Mapping[int, StoredEvent], verdict: Verdict) -> None:
    """Count all that matches: the counts are right, or the store says that it cannot."""
    after, head = log.opened.floor.offset, log.opened.head
    events = [truth[offset] for offset in range(after + 1, head + 1) if offset in truth]
    expected = Counter((each.stored_at_us // COUNTED_US, each.event_type) for each in events if filter.matches(each))
    with suppress(StoreUnavailable):
        if await log.counts(after, head, filter, COUNTED_US) != expected:
            verdict.faults.append(f"wrong counts for {filter}")


async def _retries(log: OpenStore, events: Sequence[StoredEvent], verdict: Verdict) -> None:
    """Send events again: each is a duplicate, unless it is gone, or the store says that it cannot write."""
    for stored in events[log.opened.floor.offset + 1 : log.opened.head : 37]:
        event = Event(stored.event_type, stored.schema_version, stored.event_id, stored.order_id, stored.data)
        try:
            [again] = await log.store.append([event])
        except StoreUnavailable:
            verdict.outcome = "unavailable"
        except EventIdConflict:
            verdict.faults.append(f"{stored.event_id} is said to have other content")
        else:
            if again.stored != stored:
                verdict.stored_twice.append(stored.event_id)
