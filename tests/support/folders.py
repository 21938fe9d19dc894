"""The folders below `tests/` that a test lies in, by which rules for tests are chosen."""

from __future__ import annotations

from pathlib import Path

_TESTS = Path(__file__).parents[1]


def folders_of_test(path: Path, tests: Path = _TESTS) -> tuple[str, ...]:
    """Return the names of the folders between `tests` and a file below it, the outermost first.

    The folders above `tests` are not among them: a clone may lie in a folder that is called `check` or `torture`, too.
    """
    return path.relative_to(tests).parts[:-1]
