"""What the tests of the benchmark share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.benchmark.programs import NoCompilerError, compile_program


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled driver; without a compiler these tests are skipped, or fail in CI."""
    try:
        return compile_program("driver", tmp_path_factory.mktemp("benchmark"))
    except NoCompilerError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
