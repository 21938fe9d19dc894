"""The option `--token-file` of the commands that send requests: the source of their access token."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

import click

from app.client.bearer_token import is_token

TOKEN_VARIABLE: Final = "ORDERS_EVENTS_TOKEN"  # noqa: S105  # a name

TokenSource: TypeAlias = Callable[[], str]
_Command = TypeVar("_Command", bound=Callable[..., Any])


def token_option(command: _Command) -> _Command:
    """Add the option `--token-file` to a command.

    The command gets an argument `token`: a function that returns the access token, or None if requests carry none. The file is read at
    each call, because a token that expires is replaced in it. The function raises OSError if there is no token in the file then.
    """
    return click.option(
        "--token-file",
        "token",
        type=click.Path(path_type=Path),
        metavar="FILE",
        callback=_token_source,
        help=f"Send the access token in FILE, which is read before each request. Not given: the token in {TOKEN_VARIABLE}.",
    )(command)


def _token_source(_context: click.Context, _parameter: click.Parameter, file: Path | None) -> TokenSource | None:
    if file is None:
        return _token_of_environment()
    try:
        _read(file)
    except OSError as error:
        raise click.BadParameter(f"'{file}' cannot be used: {error.strerror or error}") from None
    return lambda: _read(file)


def _token_of_environment() -> TokenSource | None:
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    if not token:
        return None
    if not is_token(token):
        raise click.UsageError(f"{TOKEN_VARIABLE} does not have an access token.")
    return lambda: token


def _read(file: Path) -> str:
    token = file.read_text(encoding="ascii", errors="replace").strip()
    if not is_token(token):  # it may be about to be written
        raise OSError("it does not have an access token.")
    return token
