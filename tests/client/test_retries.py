"""Clients that failed together return at different times, and less often the longer the failure lasts."""

from __future__ import annotations

import pytest

from app.client import OrdersClient
from app.client.protocol.retries import Retries, backoff_seconds


@pytest.mark.parametrize(("failures", "bound"), [(0, 0.5), (1, 1.0), (3, 4.0), (4, 8.0), (10, 8.0), (100_000, 8.0)])
def test_wait_is_drawn_from_the_whole_range_up_to_a_limit_that_doubles(failures: int, bound: float) -> None:
    waits = [backoff_seconds(failures, first=0.5, longest=8.0) for _ in range(2000)]
    assert 0 <= min(waits) < bound / 20
    assert bound * 0.95 < max(waits) <= bound
    assert len(set(waits)) > 1900


@pytest.mark.parametrize("seconds", [float("nan"), -1, float("-inf")])
def test_time_that_is_none_is_refused(seconds: float) -> None:
    with pytest.raises(
        ValueError, match=r"is no number of seconds to try again for: it must be 0 or more; None means "
    ):
        Retries(seconds, 1.0, print, lambda: 0.0)
    with pytest.raises(
        ValueError, match=r"^A silence of .* seconds breaks every connection; it must be more than 0\.$"
    ):
        OrdersClient("http://127.0.0.1:8000", silence_seconds=seconds)
