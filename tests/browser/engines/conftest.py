"""The rules for tests in other browsers than Chromium."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tests.browser.engines.scenarios", "tests.browser.engines.tab")
