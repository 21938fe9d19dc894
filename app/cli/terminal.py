"""Colour, for people who look at a terminal and want it (https://no-color.org)."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final, TextIO, TypeAlias

import click

Paint: TypeAlias = Callable[[str, str], str]
"""Put a text into a colour of click's, or `dim`."""

_DIM: Final = "dim"


def paint_for(stream: TextIO) -> Paint:
    """Choose how to paint what is written there."""
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return _painted if stream.isatty() and wanted else _plain


def _painted(text: str, colour: str) -> str:
    return click.style(text, dim=True) if colour == _DIM else click.style(text, fg=colour)


def _plain(text: str, _colour: str) -> str:
    return text
