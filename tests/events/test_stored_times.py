from __future__ import annotations

from datetime import datetime

import pytest

from app.events.log.start import read_instant
from app.events.stored_times import stored_times


@pytest.mark.parametrize(
    ("stored_at_us", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_714_557_600_000_999, "2024-05-01T10:00:00.000Z"),
        (1_714_557_600_250_000, "2024-05-01T10:00:00.250Z"),
        (1_714_557_600_999_999, "2024-05-01T10:00:00.999Z"),
        (253_402_300_799_999_999, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_a_time_is_cut_to_milliseconds_and_never_later_than_the_event(stored_at_us: int, text: str) -> None:
    assert stored_times([stored_at_us, str(stored_at_us)]) == [text, text]
    assert datetime.fromisoformat(text).utcoffset() is not None
    assert stored_at_us - 1000 < read_instant(text) <= stored_at_us
