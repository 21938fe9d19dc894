"""The types of the settings, as parameter types of click: each converts a string to a value, or reports what is wrong with the string."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, Literal, NamedTuple

import click

from app.access.publish_rate import PublishRate

_SHOWN_CHARACTERS: Final = 100  # of an invalid value, in an error message

FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)


class NoContract(click.BadParameter):
    """Raised when a folder has no contract. The exit code is that of a contract which cannot be read."""

    exit_code = 1


class ContractFolder(click.ParamType[Path]):
    """The folder of a contract: with `openapi/` or `contracts/`; if one of them is missing, the reader of the contract says so."""

    name = "folder"
    _existing = click.Path(exists=True, file_okay=False, path_type=Path)

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        folder = Path(str(self._existing.convert(value, param, ctx)))
        if not any((folder / name).is_dir() for name in ("openapi", "contracts")):
            message = f"{shown(str(folder))} is no contract: it has no openapi/ and no contracts/."
            raise NoContract(f"{message} `orders-events init DIR` writes a contract into DIR.", ctx, param)
        return folder


class SourceSpec(NamedTuple):
    """The source of the events that the server itself publishes.

    `kind`: none; simulator, which makes events of invented orders at `rate_per_second`; or replay, which publishes the events that are
    recorded in `file`.
    """

    kind: Literal["none", "simulator", "replay"]
    rate_per_second: float = 3.0
    file: str = ""


class WholeNumber(click.IntRange):
    """A whole number from `min` to `max`, in the digits 0 to 9. Click alone would also accept "8_000", " 8000" and non-ASCII digits."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        digits = str(value)
        if not re.fullmatch("[0-9]{1,19}", digits):
            self.fail(f"{shown(digits)} is not a whole number of at most 19 digits.", param, ctx)
        return super().convert(int(digits), param, ctx)


class Number(click.FloatRange):
    """A number greater than 0, or with `zero` also 0, and at most `max`, such as 15, 0.5 or 1e9.

    Click alone would also accept "nan", which is neither more nor less than any time, "inf" and "1_0".
    """

    def __init__(self, max: float, *, zero: bool = False) -> None:
        super().__init__(min=0, max=max, min_open=not zero)

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = str(value)
        if not re.fullmatch(r"[0-9]{1,19}(\.[0-9]{1,19})?(e[0-9]{1,2})?", number):
            self.fail(f"{shown(number)} is not a number such as 15 or 0.5.", param, ctx)
        return super().convert(float(number), param, ctx)


class Source(click.ParamType[SourceSpec]):
    """The type of --source: a string `none`, `simulator`, `simulator:RATE` or `replay:FILE`, converted to a `SourceSpec`."""

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
                message = f"{shown(value)} is not none, simulator, simulator:RATE or replay:FILE."
                raise click.BadParameter(message, ctx, param)


class EventsAndBytes(click.ParamType[PublishRate]):
    """A publish rate: events in a second, and after a colon, bytes in a second, such as 1000 or 1000:500000."""

    name = "rate"
    _rate: Final = Number(1e12)

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> PublishRate:
        events, colon, size = value.partition(":")
        of_bytes = self._rate.convert(size, param, ctx) if colon else None
        return PublishRate(self._rate.convert(events, param, ctx), of_bytes)


class Milliseconds(click.ParamType[tuple[int, int]]):
    """A range of milliseconds such as 2000-5000, converted to its two limits. For a single number, both limits are this number."""

    name = "milliseconds"
    _bound: Final = WholeNumber(1, 600_000)

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        low, dash, high = value.partition("-")
        least = self._bound.convert(low, param, ctx)
        most = self._bound.convert(high, param, ctx) if dash else least
        if most < least:
            self.fail(f"{shown(value)} ends before it begins; a range is written as 2000-5000.", param, ctx)
        return least, most


def shown(text: str) -> str:
    """Return an invalid value as an error message shows it: in quotes, and shortened if it is long."""
    return repr(text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}...")
