"""Damage is never served as good: whatever is done to the files, an event that is read is right, and none is missing unsaid."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.events.logs import run
from tests.stores.damage import Written, damaged, judge, write_log

DAMAGES = 60


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return run(write_log(tmp_path_factory.mktemp("written")))


@pytest.mark.parametrize("seed", range(DAMAGES))
def test_random_damage_is_refused_or_told(written: Written, tmp_path: Path, seed: int) -> None:
    case = damaged(written, tmp_path / "damaged", seed)
    verdict = run(judge(written, case))
    assert verdict.faults == [], case.story
