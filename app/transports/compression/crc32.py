"""The CRC-32 of bytes that follow other bytes, calculated without reading either of them again.

A CRC-32 is the remainder of a polynomial division (RFC 1952 §8). If two byte strings have different CRCs, and the same bytes are
appended to both, then the difference of the CRCs (their XOR) is multiplied by x^8 for each appended byte, whatever the bytes are.
So a checksum that is known for one stream gives the checksum of every other stream that was sent the same bytes since.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

_POLYNOMIAL: Final = 0xEDB88320  # without x^32; the highest bit is the coefficient of x^0
_ONE: Final = 1 << 31
_PERIOD: Final = 2**32 - 1  # x^n repeats after this many powers of x, because the polynomial is primitive


def advance(difference: int, count: int) -> int:
    """Return the difference of two CRCs after the same `count` bytes were appended to both byte strings.

    If `count` is negative, that number of bytes is removed instead: `advance(advance(d, n), -n) == d`.
    """
    return _product(difference, _power(count % _PERIOD)) if difference else 0


@lru_cache(maxsize=4096)  # streams that are sent the same also end together
def _power(count: int) -> int:
    """Return x^(8 * count) modulo the polynomial."""
    power = _ONE
    for bit, square in enumerate(_SQUARES):
        if count >> bit & 1:
            power = _product(square, power)
    return power


def _product(a: int, b: int) -> int:
    """Return the product of two polynomials modulo the CRC's polynomial."""
    product = 0
    while a:
        if a & _ONE:
            product ^= b
        a = a << 1 & 0xFFFFFFFF
        b = b >> 1 ^ (_POLYNOMIAL if b & 1 else 0)
    return product


def _squares() -> list[int]:
    """Return x^8, x^16, x^32 and so on, each the square of the one before: 32 powers, enough for each count below `_PERIOD`."""
    powers = [_ONE >> 8]
    while len(powers) < 32:
        powers.append(_product(powers[-1], powers[-1]))
    return powers


_SQUARES: Final = _squares()
