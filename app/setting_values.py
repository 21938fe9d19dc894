"""How the text of a setting becomes a value; each parser raises ValueError for what it does not allow.

The table in `app/settings.py` says in words what is allowed, and turns a ValueError into the line that stops the start.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, NamedTuple


class StoreUrl(NamedTuple):
    """Where the log is kept: in memory, or in an SQLite file at `path`."""

    scheme: Literal["memory", "sqlite"]
    path: str = ""


class SourceSpec(NamedTuple):
    """What publishes in process: nothing, simulated orders at `rate_per_second`, or the events recorded in `file`."""

    kind: Literal["none", "simulator", "replay"]
    rate_per_second: float = 3.0
    file: str = ""


def host(text: str) -> str:
    return _matching(r"[0-9A-Za-z._:%-]+", text)


def port(text: str) -> int:
    return _whole_number(text, 0, 65_535)


def store(text: str) -> StoreUrl:
    if text == "memory:":
        return StoreUrl("memory")
    scheme, _, path = text.partition(":")
    # SQLite would take ":memory:" for a database in memory and "file:" for a URI.
    if scheme != "sqlite" or not path or path.startswith((":", "file:")) or "\0" in path:
        raise ValueError
    return StoreUrl("sqlite", path)


def source(text: str) -> SourceSpec:
    kind, colon, rest = text.partition(":")
    match kind, colon, rest:
        case "none", "", _:
            return SourceSpec("none")
        case "simulator", "", _:
            return SourceSpec("simulator")
        case "simulator", ":", rate:
            return SourceSpec("simulator", rate_per_second=_number(rate, 10_000))
        case "replay", ":", file if file and "\0" not in file:
            return SourceSpec("replay", file=file)
        case _:
            raise ValueError


def speed(text: str) -> float:
    return _number(text, 1e9)


def seed(text: str) -> int | None:
    return _whole_number(text, 0, 2**63 - 1) if text else None


def retain_events(text: str) -> int | None:
    return _whole_number(text, 1, 10**15) if text else None


def retain_seconds(text: str) -> float | None:
    return _number(text, 1e9) if text else None


def heartbeat_seconds(text: str) -> float:
    # nginx takes a stream for dead after 60 s of silence, our own `tail` after 45 s.
    return _number(text, 30)


def retry_ms(text: str) -> tuple[int, int]:
    low, dash, high = text.partition("-")
    shortest = _whole_number(low, 1, 600_000)
    return shortest, _whole_number(high, shortest, 600_000) if dash else shortest


def origins(text: str) -> tuple[str, ...]:
    return tuple(_origin(each) for each in text.split())


def folder(text: str) -> Path | None:
    if not text:
        return None
    path = Path(text)
    if "\0" in text or not path.is_dir():
        raise ValueError
    return path


def _origin(text: str) -> str:
    # As browsers write it (https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin): in lower
    # case and without the scheme's own port; anything else would never match and only seem to be allowed.
    _matching(r"[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?", text)
    if re.fullmatch(r"http://.*:80|https://.*:443", text):
        raise ValueError
    return text


def _matching(pattern: str, text: str) -> str:
    if not re.fullmatch(pattern, text, re.ASCII):
        raise ValueError
    return text


def _whole_number(text: str, least: int, most: int) -> int:
    number = int(_matching("[0-9]{1,19}", text))  # int() alone also reads "1_0", " 1" and the digits of other scripts
    if not least <= number <= most:
        raise ValueError
    return number


def _number(text: str, most: float) -> float:
    number = float(_matching(r"[0-9]{1,19}(\.[0-9]{1,19})?(e[0-9]{1,2})?", text))
    if not 0 < number <= most:
        raise ValueError
    return number
