"""The pages and the browser client in WebKit, the engine of Safari."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.browser.engines.scenarios import Scenarios
from tests.browser.engines.tab import Engine
from tests.browser.engines.webkit import running_webkit
from tests.support.programs import needed

# Here, and not only where they are started: one line says what is missing, and not one for each test.
needed("WebKitWebDriver")
needed("Xvfb")


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder, running_webkit(Path(folder)) as webkit:
        yield webkit


class TestWebKit(Scenarios):
    """Everything that is promised in each browser."""
