"""The numbers that JSON texts may hold here: those that every reader reads alike (RFC 7493 §2.2)."""

from __future__ import annotations

import math
from typing import NoReturn

LARGEST_INTEGER = 2**53 - 1  # beyond it, a reader that has doubles only sees another number

_SAFE_CHARACTERS = 15  # an integer written with so few is never beyond the largest


class UnfitTokenError(ValueError):
    """Carry a token out of the decoder, which knows its text but not its place."""

    def __init__(self, token: str, reason: str) -> None:
        super().__init__(reason)
        self.token = token
        self.reason = reason


def read_constant(token: str) -> NoReturn:
    """Refuse NaN and Infinity, which Python would read."""
    raise UnfitTokenError(token, "NaN and Infinity are no JSON numbers")


def read_integer(token: str) -> int:
    """Read a number without fraction and exponent. Raises UnfitTokenError."""
    if len(token) <= _SAFE_CHARACTERS:
        return int(token)
    if len(token) > 2 * _SAFE_CHARACTERS or abs(int(token)) > LARGEST_INTEGER:
        raise UnfitTokenError(token, "The integer is beyond 2^53 - 1, so readers would see different numbers")
    return int(token)


def read_number(token: str) -> float:
    """Read a number with a fraction or an exponent. Raises UnfitTokenError."""
    number = float(token)
    vanished = number == 0 and token.lower().partition("e")[0].strip("-0.") != ""
    if math.isinf(number) or vanished:
        raise UnfitTokenError(token, "The number is too large or too small for a double")
    return number
