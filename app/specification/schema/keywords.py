"""How keywords are checked where jsonschema alone is too lenient, or says too much at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from jsonschema.validators import extend


@lru_cache(maxsize=1024)
def ecma_pattern(pattern: str) -> re.Pattern[str]:
    r"""Compile a pattern of ECMA-262, as JSON Schema means it, where Python reads the same text otherwise.

    `$` is the very end, not before a last line feed; `.` matches no line separator; `\d` and `\w` are ASCII. Raises
    re.error.
    """
    portable = {"$": r"\Z", ".": r"[^\n\r\u2028\u2029]"}
    tokens = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|[$.]", re.DOTALL)
    return re.compile(tokens.sub(lambda token: portable.get(token[0], token[0]), pattern), re.ASCII)


def _pattern(_validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(value, str) and not ecma_pattern(pattern).search(value):
        yield ValidationError("")


def _required(_validator: Any, names: list[str], value: Any, _schema: Any) -> Iterator[ValidationError]:
    # One error for all missing names, and below one for all unknown names: a request may bring 100,000 of them.
    if isinstance(value, dict) and not all(name in value for name in names):
        yield ValidationError("")


def _additional(validator: Any, allowed: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    if not isinstance(value, dict):
        return
    unknown = value.keys() - schema.get("properties", {}).keys()
    if allowed is False and unknown:
        yield ValidationError("")
    if isinstance(allowed, Mapping):
        for name in unknown:
            yield from validator.descend(value[name], allowed, path=name)


def _is_date_time(value: object) -> bool:
    """Tell whether a string is a date-time of RFC 3339 with an upper-case T and Z, and without a leap second.

    RFC 3339 §5.6 lets a specification demand upper case. Neither JavaScript's Date nor Python's datetime reads a
    second 60, so an event that carried one would break its readers.
    """
    if not isinstance(value, str):
        return True
    exact = value == value.upper() and not value.endswith("\n")
    return exact and Draft202012Validator.FORMAT_CHECKER.conforms(value, "date-time")


def _formats() -> FormatChecker:
    formats = FormatChecker(("date",))
    # Without rfc3339-validator, jsonschema lets every string pass as a date-time; the dialect then refuses the format.
    if "date-time" in Draft202012Validator.FORMAT_CHECKER.checkers:
        formats.checks("date-time")(_is_date_time)
    return formats


FORMATS = _formats()

DialectValidator = extend(  # type: ignore[no-untyped-call]  # types-jsonschema leaves it untyped
    Draft202012Validator,
    {"pattern": _pattern, "required": _required, "additionalProperties": _additional},
)
