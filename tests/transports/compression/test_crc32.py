"""Checksums of joined bytes, by calculation, against zlib, which reads the bytes."""

from __future__ import annotations

from random import Random
from zlib import crc32

import pytest

from app.transports.compression.crc32 import advance

LENGTHS = [0, 1, 2, 7, 255, 4096, 100_000]


@pytest.mark.parametrize("length", LENGTHS)
def test_difference_of_two_checksums_is_known_after_the_same_bytes(length: int) -> None:
    random = Random(length)
    one, other, appended = random.randbytes(50), random.randbytes(3), random.randbytes(length)
    assert advance(crc32(one) ^ crc32(other), length) == crc32(one + appended) ^ crc32(other + appended)


@pytest.mark.parametrize("length", [*LENGTHS, 2**32 - 2, 2**32 - 1, 2**32, 2**40 + 3])
def test_bytes_can_be_taken_away_again(length: int) -> None:
    difference = crc32(b"one") ^ crc32(b"other")
    assert advance(advance(difference, length), -length) == difference
    assert advance(advance(difference, -length), length) == difference


def test_no_difference_stays_none() -> None:
    assert advance(0, 10**12) == 0
