"""How much a client may publish, by a clock that the test sets."""

from __future__ import annotations

import pytest

from app.access.client import Client
from app.access.errors import TooManyRequests
from app.access.publish_rate import PublishLimit, PublishRate

ANN, BEN = Client(address="192.0.2.1"), Client(address="192.0.2.2")


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def limit(events_per_second: float, bytes_per_second: float | None = None) -> tuple[PublishLimit, Clock]:
    clock = Clock()
    return PublishLimit(PublishRate(events_per_second, bytes_per_second), clock), clock


def accepted(limited: PublishLimit, clock: Clock, *, seconds: int, events: int, size: int) -> int:
    """Publish the same request every 10 ms for a time, and return how many were accepted."""
    count = 0
    for _ in range(seconds * 100):
        try:
            limited.count(ANN, events, size)
        except TooManyRequests:
            pass
        else:
            count += 1
        clock.now += 0.01
    return count


@pytest.mark.parametrize(
    ("rate", "events", "size", "per_second"),
    [((20, None), 1, 10**9, 20), ((20, None), 5, 1, 4), ((10**6, 1_000), 1, 100, 10), ((5, 1_000), 1, 100, 5)],
)
def test_over_a_long_time_a_client_publishes_at_its_rate(
    rate: tuple[float, float | None], events: int, size: int, per_second: int
) -> None:
    limited, clock = limit(*rate)
    expected = 60 * per_second
    assert expected <= accepted(limited, clock, seconds=60, events=events, size=size) <= expected + per_second + 1


def test_a_request_larger_than_the_rate_is_accepted_and_followed_by_a_wait() -> None:
    limited, clock = limit(10)
    limited.count(ANN, 1_000, 1)
    with pytest.raises(TooManyRequests) as refused:
        limited.check(ANN)

    assert refused.value.retry_after_seconds == 99
    clock.now += 99
    limited.count(ANN, 1, 1)


def test_one_client_does_not_use_up_what_another_may_publish() -> None:
    limited, _ = limit(1)
    limited.count(ANN, 100, 1)
    limited.count(BEN, 1, 1)
    with pytest.raises(TooManyRequests):
        limited.count(ANN, 1, 1)


def test_a_refused_request_is_not_counted() -> None:
    limited, clock = limit(1)
    limited.count(ANN, 3, 1)
    for _ in range(10):
        with pytest.raises(TooManyRequests):
            limited.count(ANN, 1_000, 1)
    clock.now += 2
    limited.check(ANN)


@pytest.mark.parametrize(("rate", "seconds"), [((10**6, 1_000), 60), ((1, None), 6)])
def test_refused_bodies_use_up_what_a_client_may_publish(rate: tuple[float, float | None], seconds: int) -> None:
    limited, _ = limit(*rate)
    for _ in range(6):
        limited.count_refused(
            ANN, 10_000
        )  # also those that arrive at the same time, and are refused later than the first
    with pytest.raises(TooManyRequests) as refused:
        limited.check(ANN)

    assert refused.value.retry_after_seconds == seconds - 1
    with pytest.raises(TooManyRequests):
        limited.check_refused(ANN)
    limited.check(BEN)


def test_what_a_client_published_is_not_held_against_its_bodies() -> None:
    limited, _ = limit(1)
    limited.count(ANN, 100, 1)
    limited.check_refused(ANN)


def test_clients_that_may_publish_at_once_are_forgotten() -> None:
    limited, clock = limit(100)
    for number in range(50_000):
        limited.count(Client(address=f"2001:db8:{number:x}::1"), 1, 1)
        clock.now += 0.01
    assert len(limited._published._full_at) <= 1_024  # what stays in memory


def test_without_a_rate_nothing_is_limited() -> None:
    limited = PublishLimit(None)
    for _ in range(1_000):
        limited.count(ANN, 1_000, 10**9)
        limited.count_refused(ANN, 10**9)
        limited.check_refused(ANN)


def test_requests_without_events_are_not_free() -> None:
    limited, _ = limit(4)
    for _ in range(5):
        limited.count(ANN, 0, 2)
    with pytest.raises(TooManyRequests):
        limited.count(ANN, 0, 2)


def test_what_was_parsed_in_vain_is_held_against_large_messages_and_not_against_events() -> None:
    limited, _ = limit(10, 1_000)
    for _ in range(3):
        limited.count_in_vain(ANN, 1_000)
    with pytest.raises(TooManyRequests):
        limited.check_refused(ANN)
    limited.check(ANN)
