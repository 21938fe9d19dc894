"""A moment on the command line: a time, or how long ago."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

import click

_UNITS: Final = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_SPAN: Final = re.compile(r"(?:[0-9]{1,6}[wdhms])+")
_PART: Final = re.compile(r"([0-9]+)([wdhms])")


def read_since(_context: click.Context, _parameter: click.Parameter, text: str | None) -> str | timedelta | None:
    """Read a span such as 10m, 2h30m or 7d; leave anything else to the server, which knows what a time is. For click."""
    if text is None or not _SPAN.fullmatch(text):
        return text
    return sum((timedelta(**{_UNITS[unit]: int(count)}) for count, unit in _PART.findall(text)), timedelta())
