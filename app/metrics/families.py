"""One metric of Prometheus with its values (https://prometheus.io/docs/concepts/metric_types/), made from plain numbers."""

from __future__ import annotations

from collections.abc import Mapping
from math import isinf

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from app.events.histogram import Histogram

_PREFIX = "orders_events_"


def info(name: str, text: str, label: str, value: str) -> Metric:
    """Return a metric that is always 1, and whose label has the information."""
    family = GaugeMetricFamily(_PREFIX + name, text, labels=[label])
    family.add_metric([value], 1)
    return family


def gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(_PREFIX + name, text, value=value)


def counter(name: str, text: str, value: int) -> Metric:
    """Return a counter without labels. Prometheus adds `_total` to its name."""
    return CounterMetricFamily(_PREFIX + name, text, value=value)


def counters(name: str, text: str, label: str, values: Mapping[str, int]) -> Metric:
    """Return a counter with one label, and a number for each value of the label."""
    family = CounterMetricFamily(_PREFIX + name, text, labels=[label])
    for value, count in sorted(values.items()):
        family.add_metric([value], count)
    return family


def histogram(name: str, text: str, values: Histogram) -> Metric:
    family = HistogramMetricFamily(_PREFIX + name, text)
    family.add_metric([], _buckets(values), values.total)
    return family


def histograms(name: str, text: str, label: str, values: Mapping[str, Histogram]) -> Metric:
    """Return a histogram with one label, and buckets for each value of the label."""
    family = HistogramMetricFamily(_PREFIX + name, text, labels=[label])
    for value, each in sorted(values.items()):
        family.add_metric([value], _buckets(each), each.total)
    return family


def _buckets(values: Histogram) -> list[tuple[str, float]]:
    return [("+Inf" if isinf(bound) else str(bound), count) for bound, count in values.cumulative()]
