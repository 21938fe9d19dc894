"""Fixtures: a released contract for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compatibility.released_contract import ReleasedContract, release_as_it_is


@pytest.fixture(scope="session")
def baselines(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return release_as_it_is(tmp_path_factory.mktemp("released") / "contract")


@pytest.fixture
def released(tmp_path: Path, baselines: dict[str, bytes]) -> ReleasedContract:
    return ReleasedContract(tmp_path / "contract", baselines)
