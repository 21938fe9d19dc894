"""The output of the commands: lines of results on standard output, and one-line messages on standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, TextIO, TypeAlias

import click

PROGRAM: Final = "orders-events"

Paint: TypeAlias = Callable[[str, str], str]
"""A function that takes a text and the name of a colour of click, or "dim", and returns the coloured text."""


def explained(error: click.ClickException) -> str:
    """Return the message of an error. For wrong usage of a command, the message also refers to the command's --help."""
    message = error.format_message().replace("\n\t", " ")  # click lists choices as a column
    if not message.endswith((".", "?", "!", ".)", "?)")):  # click adds no full stop to what the operating system says
        message += "."
    if isinstance(error, click.UsageError) and error.ctx is not None:
        return f"{message} See {error.ctx.command_path} --help."
    return message


def typed_program() -> str:
    """Return the program as the user typed it, so that a shown command works: a virtual environment is often not on the path."""
    return sys.argv[0] if Path(sys.argv[0]).name == PROGRAM else "python -m app"


def discard_output() -> None:
    """Redirect standard output to the null device after a write error. Otherwise Python would report the error again at exit."""
    _discard(sys.stdout)


def discard_messages() -> None:
    """Redirect standard error to the null device after a write error. Otherwise the exit code could become 120.

    Python writes the rest of its buffers at exit, and changes the exit code to 120 if that fails.
    """
    _discard(sys.stderr)


def say(message: str) -> None:
    """Print a one-line message about the progress of a command, on standard error."""
    _write_message(message, "yellow")


def complain(message: str) -> None:
    """Print the one-line message about the error that ends a command, on standard error."""
    _write_message(message, "red")


def print_line(text: str) -> None:
    """Print a line of a result on standard output. Characters that its encoding does not have are printed as question marks."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    click.echo(text.encode(encoding, "replace").decode(encoding))


def one_line(text: str) -> str:
    """Return a text as one line. Line breaks become spaces, and control characters, which could steer a terminal, become U+FFFD."""
    joined = " ".join(text.splitlines())
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in joined)


def paint_for(stream: TextIO | None) -> Paint:
    """Return the function that colours text for an output stream.

    The function adds colours if the stream is a terminal, unless NO_COLOR (https://no-color.org) is set or TERM is "dumb". Otherwise the
    function returns the text unchanged.
    """
    allowed = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return _painted if stream is not None and stream.isatty() and allowed else _plain


def _write_message(message: str, colour: str) -> None:
    try:
        click.echo(f"{paint_for(sys.stderr)(f'{PROGRAM}:', colour)} {one_line(message)}", err=True)
    except OSError:  # a full standard error must change neither the work of the command nor its exit code
        discard_messages()


def _discard(stream: TextIO | None) -> None:
    if stream is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _painted(text: str, colour: str) -> str:
    return click.style(text, dim=True) if colour == "dim" else click.style(text, fg=colour)


def _plain(text: str, _colour: str) -> str:
    return text
