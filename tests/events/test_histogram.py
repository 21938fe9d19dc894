"""A histogram counts each value in the buckets that Prometheus expects."""

from __future__ import annotations

from math import inf

from app.events.histogram import Histogram


def test_a_value_is_in_every_bucket_whose_bound_it_does_not_exceed() -> None:
    histogram = Histogram((1, 2))
    for value in (0.5, 1, 1.5, 2, 3):
        histogram.observe(value)
    assert [*histogram.cumulative()] == [(1, 2), (2, 4), (inf, 5)]
    assert histogram.total == 8
