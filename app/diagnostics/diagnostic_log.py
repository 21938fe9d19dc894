"""The diagnostic log of one process: where its lines are written, in which form, and from which level on."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import TextIOBase
from typing import Final

from app.diagnostics.formats import JsonFormat, TextFormat, add_request_fields
from app.diagnostics.repeats import LimitedHandler

FORMATS: Final[Mapping[str, type[logging.Formatter]]] = {"text": TextFormat, "json": JsonFormat}
LEVELS: Final = ("debug", "info", "warning", "error")


@contextmanager
def logging_to(stream: TextIOBase, format: str, level: str) -> Iterator[None]:
    """Write the lines of this process to a stream, within the body of a `with` statement.

    `format`: one of FORMATS. `level`: one of LEVELS; less severe lines are left out. Other packages write warnings and errors only.
    """
    handler = LimitedHandler(stream)
    handler.addFilter(add_request_fields)
    handler.setFormatter(FORMATS[format]())
    least = logging.getLevelNamesMapping()[level.upper()]
    root, ours = logging.getLogger(), logging.getLogger("app")
    before = root.level, ours.level
    root.addHandler(handler)
    root.setLevel(max(least, logging.WARNING))
    ours.setLevel(least)
    try:
        yield
    finally:
        handler.write_repeats()
        root.removeHandler(handler)
        root.setLevel(before[0])
        ours.setLevel(before[1])
