"""The rules for tests depend on the folder of a test in the project, and not on the folder that the project lies in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import CLIENTS, SLOW, WHOLE_PROGRAM
from tests.support.folders import folders_of_test

NAMED = sorted({*CLIENTS, *WHOLE_PROGRAM, *SLOW, "torture"})


def test_name_of_a_folder_above_the_tests_does_not_count() -> None:
    tests = Path("/check/client/torture/browser/main/tests")
    assert folders_of_test(tests / "events" / "log" / "test_event_log.py", tests) == ("events", "log")
    assert folders_of_test(tests / "test_imports.py", tests) == ()


def test_folders_of_this_test_are_those_below_tests() -> None:
    assert folders_of_test(Path(__file__)) == ()


@pytest.mark.parametrize("name", NAMED)
def test_each_folder_with_a_rule_has_tests(name: str) -> None:
    assert any((Path(__file__).parent / name).rglob("test_*.py"))
