"""What the commands say: on standard error one line each, whatever text it is made of."""

from __future__ import annotations

import sys
from typing import Final

import click

from app.cli.terminal import paint_for
from app.client import OrdersError, RequestRefused, Unavailable, UnexpectedAnswer

PROGRAM = "orders-events"

_NEXT: Final = (
    (
        Unavailable,
        "Is the server running, and is it the one at --url? --retry-max-time makes this command wait longer.",
    ),
    (UnexpectedAnswer, "Is --url the address of an Orders Events server?"),
)
_NEXT_BY_STATUS: Final = {
    400: "--help says what may be asked for.",
    401: "The server, or what stands before it, asks for credentials, which this command has none of.",
    403: "The server, or what stands before it, does not let you in.",
    404: "Is --url the address of an Orders Events server, without a path behind it?",
}


class Failed(click.ClickException):
    """Say what went wrong with a server, and what to do next; exit code 1."""

    def __init__(self, error: OrdersError) -> None:
        super().__init__(f"{error} {next_step(error)}".strip())


def next_step(error: OrdersError) -> str:
    """Say in a sentence what to do about an error; nothing where it says that itself."""
    if isinstance(error, RequestRefused):
        return _NEXT_BY_STATUS.get(error.status, "")
    return next((step for kind, step in _NEXT if isinstance(error, kind)), "")


def explained(error: click.ClickException) -> str:
    """Say what is wrong; about how a command was called, also where to read how it is."""
    message = error.format_message()
    if isinstance(error, click.UsageError) and error.ctx is not None:
        return f"{message} See {error.ctx.command_path} --help."
    return message


def say(message: str) -> None:
    """Say one line."""
    _write(message, "yellow")


def complain(message: str) -> None:
    """Say one line about why a command ends."""
    _write(message, "red")


def print_line(text: str) -> None:
    """Print a text, also where the encoding of standard output lacks a character of it."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    click.echo(text.encode(encoding, "replace").decode(encoding))


def one_line(text: str) -> str:
    """Make one line of a text; what could steer a terminal becomes visible."""
    joined = " ".join(text.splitlines())
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in joined)


def _write(message: str, colour: str) -> None:
    click.echo(f"{paint_for(sys.stderr)(f'{PROGRAM}:', colour)} {one_line(message)}", err=True)
