"""A setting: an option of the command line, an environment variable, and a field of the class `Settings`, made from one description.

`setting`, `optional`, `repeated` and `flag` return dataclass fields.
"""

from __future__ import annotations

import os
from dataclasses import field
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar

import click
from click.core import ParameterSource

VARIABLE_PREFIX: Final = "ORDERS_EVENTS_"

_T = TypeVar("_T")


class Setting(click.Option):
    """A setting as a flag of `serve` and as an environment variable: --port is ORDERS_EVENTS_PORT. If both are given, the flag is used.
    A flag without a value, of the type `click.BOOL`, has a variable that is 1 or 0.

    `name`: the field of `Settings`. `flag`: the flag, such as --port.
    `type`: parses and checks the value. `metavar`, `help`: the value and the setting, as --help describes them.
    `default`: the default as a user would write it. "" means that the setting is off by default; the value "" then turns it off, too.
    `repeated`: whether the flag may be given more than once. The variable has all values, separated by spaces.
    """

    def __init__(
        self, name: str, *, flag: str, type: click.ParamType[Any], default: str, metavar: str, help: str, repeated: bool
    ) -> None:
        self.flag = flag
        self.variable = VARIABLE_PREFIX + flag.removeprefix("--").replace("-", "_").upper()
        super().__init__(
            [flag, name],
            type=type,
            default=default or None,
            show_default=True,
            envvar=self.variable,
            metavar=metavar or None,
            help=help,
            multiple=repeated,
            is_flag=type is click.BOOL,
        )

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:  # noqa: ARG002  # click's signature
        """Return the value of the environment variable, even if it is "". Click would ignore "" and silently use the default."""
        return os.environ.get(self.variable)

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:
        """Convert the string that the flag or the environment variable has into the value of the setting."""
        if self.multiple:
            value = " ".join(value or ()).split()
        elif self.is_flag:
            value = value or False
        elif value == "" and self.default is None:
            value = None
        return super().type_cast_value(ctx, value)

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """Return the name to show in an error message: the environment variable if the value came from it, else the flag."""
        source = ctx.get_parameter_source(str(self.name)) if ctx is not None else None
        return f"'{self.variable}'" if source is ParameterSource.ENVIRONMENT else super().get_error_hint(ctx)


class SettingRow(NamedTuple):
    """A setting as the documentation shows it. `default`: the default as a user would write it; "" if the setting is off by default."""

    flag: str
    variable: str
    default: str
    help: str


def setting(flag: str, type: click.ParamType[_T], metavar: str, default: str, help: str) -> _T:
    """Describe a setting with a default. The annotation is the type of its value, so mypy compares `type` with that of the field."""
    new = partial(Setting, flag=flag, type=type, default=default, metavar=metavar, help=help, repeated=False)
    return field(default_factory=lambda: type.convert(default, None, None), metadata={"new": new})


def optional(flag: str, type: click.ParamType[_T], metavar: str, help: str) -> _T | None:
    new = partial(Setting, flag=flag, type=type, default="", metavar=metavar, help=help, repeated=False)
    return field(default=None, metadata={"new": new})


def repeated(flag: str, type: click.ParamType[_T], metavar: str, help: str) -> tuple[_T, ...]:
    new = partial(Setting, flag=flag, type=type, default="", metavar=metavar, help=help, repeated=True)
    return field(default=(), metadata={"new": new})


def flag(flag: str, help: str) -> bool:
    new = partial(Setting, flag=flag, type=click.BOOL, default="", metavar="", help=help, repeated=False)
    return field(default=False, metadata={"new": new})
