"""The types of the settings, as click's parameter types: how a text becomes a value, and what is wrong if it does not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, Literal, NamedTuple

import click

_SHOWN_CHARACTERS: Final = 100  # of a value that is refused

FOLDER: Final = click.Path(exists=True, file_okay=False, path_type=Path)


class StoreUrl(NamedTuple):
    """The place of the log: in memory, or in an SQLite file at `path`."""

    scheme: Literal["memory", "sqlite"]
    path: str = ""


class SourceSpec(NamedTuple):
    """The source that publishes in process: none, orders simulated at `rate_per_second`, or the events recorded in `file`."""

    kind: Literal["none", "simulator", "replay"]
    rate_per_second: float = 3.0
    file: str = ""


class WholeNumber(click.IntRange):
    """A whole number from `min` to `max`, in decimal digits; click alone reads "8_000", " 8000" and digits of other scripts, too."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        digits = str(value)
        if not re.fullmatch("[0-9]{1,19}", digits):
            self.fail(f"{_shown(digits)} is not a whole number of at most 19 digits.", param, ctx)
        return super().convert(int(digits), param, ctx)


class Number(click.FloatRange):
    """A number greater than 0 and at most `max`, such as 15, 0.5 or 1e9; click alone reads "nan" and "1_0", too."""

    def __init__(self, max: float) -> None:
        super().__init__(min=0, max=max, min_open=True)

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = str(value)
        if not re.fullmatch(r"[0-9]{1,19}(\.[0-9]{1,19})?(e[0-9]{1,2})?", number):
            self.fail(f"{_shown(number)} is not a number such as 15 or 0.5.", param, ctx)
        return super().convert(float(number), param, ctx)


class Host(click.ParamType[str]):
    """A host name or an IP address."""

    name = "host"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not re.fullmatch(r"[0-9A-Za-z._:%-]+", value):
            self.fail(f"{_shown(value)} is not a host name or an IP address.", param, ctx)
        return value


class Store(click.ParamType[StoreUrl]):
    """A `StoreUrl`, written as memory: or sqlite:PATH."""

    name = "store"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> StoreUrl:
        # SQLite would take ":memory:" for a database in memory and "file:" for a URI.
        if not re.fullmatch(r"memory:|sqlite:(?!:|file:).+", value, re.DOTALL):
            self.fail(f"{_shown(value)} is not memory: or sqlite:PATH.", param, ctx)
        _, _, path = value.partition(":")
        return StoreUrl("sqlite", path) if path else StoreUrl("memory")


class Source(click.ParamType[SourceSpec]):
    """A `SourceSpec`, written as none, simulator, simulator:RATE or replay:FILE."""

    name = "source"
    _rate: Final = Number(10_000)

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> SourceSpec:
        match value.partition(":"):
            case "none", "", _:
                return SourceSpec("none")
            case "simulator", "", _:
                return SourceSpec("simulator")
            case "simulator", ":", rate:
                return SourceSpec("simulator", rate_per_second=self._rate.convert(rate, param, ctx))
            case "replay", ":", file if file:
                return SourceSpec("replay", file=file)
            case _:
                message = f"{_shown(value)} is not none, simulator, simulator:RATE or replay:FILE."
                raise click.BadParameter(message, ctx, param)


class Milliseconds(click.ParamType[tuple[int, int]]):
    """A range of milliseconds such as 2000-5000; a single number is a range of one."""

    name = "milliseconds"
    _bound: Final = WholeNumber(1, 600_000)

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        low, dash, high = value.partition("-")
        least = self._bound.convert(low, param, ctx)
        most = self._bound.convert(high, param, ctx) if dash else least
        if most < least:
            self.fail(f"{_shown(value)} ends before it begins; a range is written as 2000-5000.", param, ctx)
        return least, most


class Origin(click.ParamType[str]):
    """The origin of a web page, exactly as browsers send it; anything else would never match and only seem to be allowed.

    https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin
    """

    name = "origin"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        well_formed = re.fullmatch(r"[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?", value)
        if well_formed is None or re.fullmatch(r"http://.*:80|https://.*:443", value):
            self.fail(
                f"{_shown(value)} is not an origin as browsers send it: scheme://host[:port] in lower case, "
                "without a path, a *, or the default port.",
                param,
                ctx,
            )
        return value


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}...")
