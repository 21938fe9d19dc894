from __future__ import annotations

import pytest

from app.specification.version import Step, Version, parse_version

FIRST = Version(1, 9, 3)


@pytest.mark.parametrize("text", ["0.0.0", "1.9.3", "10.0.0", "999999999.0.0"])
def test_version_is_written_as_it_was_read(text: str) -> None:
    assert str(parse_version(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "1", "1.0", "1.0.0.0", "v1.0.0", "01.0.0", "1.0.0-rc.1", "1.0.0+1", "1.0.0\n", "-1.0.0", "1000000000.0.0"],
)
def test_other_texts_are_not_versions(text: str) -> None:
    assert parse_version(text) is None


def test_versions_are_ordered_as_numbers() -> None:
    assert Version(1, 9, 0) < Version(1, 10, 0) < Version(1, 10, 2) < Version(2, 0, 0)


@pytest.mark.parametrize(
    ("step", "version"),
    [(Step.NONE, FIRST), (Step.PATCH, (1, 9, 4)), (Step.MINOR, (1, 10, 0)), (Step.MAJOR, (2, 0, 0))],
)
def test_next_version_is_the_step_away(step: Step, version: Version) -> None:
    assert FIRST.next(step) == version
    assert FIRST.step_to(FIRST.next(step)) is step


@pytest.mark.parametrize("older", [(1, 9, 2), (1, 8, 9), (0, 99, 99)])
def test_older_version_is_no_step_ahead(older: tuple[int, int, int]) -> None:
    assert FIRST.step_to(Version(*older)) is Step.NONE
