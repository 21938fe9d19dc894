"""Damage is never served as good: each event that is read is right, and a missing one is reported."""

from __future__ import annotations

from pathlib import Path
from struct import unpack_from

import pytest

from app.events.errors import StoreRefused, StoreUnavailable
from app.stores.sqlite.file import inspection
from app.stores.sqlite.store import SqliteStore
from app.stores.sqlite.verification import verify
from tests.events.logs import run
from tests.stores.damage import NAME, Written, damaged, judge, numbered, write_log
from tests.stores.opened import opening

DAMAGES = 60
ZEROED = 257  # the first row of a block, after which `verify` begins a new read
PAGE_BYTES = 4096


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return run(write_log(tmp_path_factory.mktemp("written")))


@pytest.mark.parametrize("seed", range(DAMAGES))
def test_random_damage_is_refused_or_reported(written: Written, tmp_path: Path, seed: int) -> None:
    case = damaged(written, tmp_path / "damaged", seed)
    verdict = run(judge(written, case))
    assert verdict.faults == [], case.story
    assert verdict.stored_twice == [], case.story


@pytest.mark.parametrize("seed", range(DAMAGES, DAMAGES + DAMAGES // 2))
def test_random_damage_to_a_log_too_large_to_check_at_the_start_is_reported_when_it_is_read(
    written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """The index of event ids is then checked by `verify` only: what is damaged there may be stored a second time."""
    for name in ("INTEGRITY_SECONDS", "STRUCTURE_SECONDS", "STEPS_BETWEEN_LOOKS"):
        monkeypatch.setattr(inspection, name, 1 if name.startswith("STEPS") else -1)
    case = damaged(written, tmp_path / "damaged", seed)
    assert run(judge(written, case)).faults == [], case.story


def test_a_row_that_damage_put_into_a_read_range_is_not_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite ends a read of a range at the first row beyond it, and a zeroed row is not beyond it."""
    monkeypatch.setattr(inspection, "INTEGRITY_SECONDS", -1)
    monkeypatch.setattr(inspection, "STRUCTURE_SECONDS", -1)
    monkeypatch.setattr(inspection, "STEPS_BETWEEN_LOOKS", 1)
    path = tmp_path / NAME

    async def store_events() -> None:
        async with opening(SqliteStore(path)) as log:
            await log.append(*numbered(1, ZEROED + inspection.NEWEST_EVENTS + 1))

    async def read_before() -> list[int]:
        async with opening(SqliteStore(path)) as log:
            page = await log.page(ZEROED - 10, ZEROED - 1)
            return [event.offset for event in page.events]

    run(store_events())
    zero_row(path, ZEROED)
    with pytest.raises(StoreUnavailable):
        run(read_before())
    with pytest.raises(StoreRefused, match=rf"the first bad event is \w+-{ZEROED}: "):
        verify(path)


def zero_row(path: Path, number: int) -> None:
    """Zero the row of the event `event-<number>` in the page of the table that holds it."""
    content = bytearray(path.read_bytes())
    text = content.index(b"event-%dor_" % number)
    page = text // PAGE_BYTES * PAGE_BYTES
    cells = unpack_from(">H", content, page + 3)[0]
    starts = sorted(page + start for start in unpack_from(f">{cells}H", content, page + 8))
    start = max(each for each in starts if each < text)
    end = min([*(each for each in starts if each > start), page + PAGE_BYTES])
    content[start:end] = bytes(end - start)
    path.write_bytes(content)
