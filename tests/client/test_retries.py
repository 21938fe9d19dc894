"""Clients that failed together return at different times, and less often the longer the failure lasts."""

from __future__ import annotations

import pytest

from app.client.protocol.retries import backoff_seconds


@pytest.mark.parametrize(("failures", "bound"), [(0, 0.5), (1, 1.0), (3, 4.0), (4, 8.0), (10, 8.0), (100_000, 8.0)])
def test_wait_is_drawn_from_the_whole_range_up_to_a_limit_that_doubles(failures: int, bound: float) -> None:
    waits = [backoff_seconds(failures, first=0.5, longest=8.0) for _ in range(2000)]
    assert 0 <= min(waits) < bound / 20
    assert bound * 0.95 < max(waits) <= bound
    assert len(set(waits)) > 1900
