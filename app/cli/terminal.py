"""What the commands print: lines of a result on standard output, messages of one line each on standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TextIO, TypeAlias

import click

from app.client import OrdersError, RequestRefused, Unavailable, UnexpectedAnswer

PROGRAM: Final = "orders-events"

Paint: TypeAlias = Callable[[str, str], str]
"""Give a text one of click's colours, or make it `dim`."""

_ADVICE: Final = (
    (
        Unavailable,
        "Is the server running, and is it the one at --url? --retry-max-time makes this command wait longer.",
    ),
    (UnexpectedAnswer, "Is --url the address of an Orders Events server?"),
)
_ADVICE_BY_STATUS: Final = {
    400: "--help lists the options and their values.",
    401: "The server, or a proxy in front of it, asks for credentials, and this command has none.",
    403: "The server, or a proxy in front of it, does not allow this request.",
    404: "Is --url the address of an Orders Events server, without a path behind it?",
}


class Failed(click.ClickException):
    """Raised when a server refuses or cannot be reached; the message says what to do next, the exit code is 1."""

    def __init__(self, error: OrdersError) -> None:
        super().__init__(f"{error} {advice(error)}".strip())


def advice(error: OrdersError) -> str:
    """Say in a sentence what to do about an error; "" if the error says that itself."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "If you trust the server's certificate, name its file with --cacert."
    if isinstance(error, RequestRefused):
        return _ADVICE_BY_STATUS.get(error.status, "")
    return next((sentence for kind, sentence in _ADVICE if isinstance(error, kind)), "")


def explained(error: click.ClickException) -> str:
    """Write an error as a message; if the command was called in a wrong way, add which --help to read."""
    message = error.format_message()
    if isinstance(error, click.UsageError) and error.ctx is not None:
        return f"{message} See {error.ctx.command_path} --help."
    return message


def discard_output() -> None:
    """Send the rest of standard output nowhere, after an error; else Python would report the error again when it flushes at the exit."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say(message: str) -> None:
    """Print a message about the work of a command."""
    _write_message(message, "yellow")


def complain(message: str) -> None:
    """Print the message about the error that ends a command."""
    _write_message(message, "red")


def print_line(text: str) -> None:
    """Print a line of a result; characters that the encoding of standard output lacks become question marks."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    click.echo(text.encode(encoding, "replace").decode(encoding))


def one_line(text: str) -> str:
    """Make one line of a text, with a visible character in place of each that could steer a terminal."""
    joined = " ".join(text.splitlines())
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in joined)


def paint_for(stream: TextIO | None) -> Paint:
    """Return the function that paints text for a stream: in colours on a terminal, unless NO_COLOR (https://no-color.org) is set."""
    allowed = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return _painted if stream is not None and stream.isatty() and allowed else _plain


def _write_message(message: str, colour: str) -> None:
    with suppress(OSError):  # standard error may be full: that must not change what the command does, nor its exit code
        click.echo(f"{paint_for(sys.stderr)(f'{PROGRAM}:', colour)} {one_line(message)}", err=True)


def _painted(text: str, colour: str) -> str:
    return click.style(text, dim=True) if colour == "dim" else click.style(text, fg=colour)


def _plain(text: str, _colour: str) -> str:
    return text
