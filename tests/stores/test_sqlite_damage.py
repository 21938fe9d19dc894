"""Damage is never served as good: each event that is read is right, and a missing one is reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.stores.sqlite.file import inspection
from tests.events.logs import run
from tests.stores.damage import Written, damaged, judge, write_log

DAMAGES = 60


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
