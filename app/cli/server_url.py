"""The server that a command speaks with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from app.client.connection import checked_url

_Command = TypeVar("_Command", bound=Callable[..., Any])


def url_option(command: _Command) -> _Command:
    """Add `--url`."""
    return click.option(
        "--url",
        envvar="ORDERS_EVENTS_URL",
        metavar="URL",
        default="http://127.0.0.1:8000",
        show_default=True,
        show_envvar=True,
        callback=read_url,
        help="The server's URL.",
    )(command)


def read_url(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    """Read a parameter that is a URL; a callback of click's."""
    try:
        return checked_url(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
