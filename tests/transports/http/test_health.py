"""Health: live as long as it answers, ready while it takes work (see test_drain.py for when it does not)."""

from __future__ import annotations

import httpx
import pytest


@pytest.mark.parametrize(
    ("path", "state"),
    [("/health/live", {"status": "live"}), ("/health/ready", {"status": "ready", "writable": True})],
)
def test_a_server_that_runs_is_live_and_ready(http: httpx.Client, path: str, state: dict[str, object]) -> None:
    response = http.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    assert response.json() == state
