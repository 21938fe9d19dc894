"""What the commands say on stderr: one line each, whatever text it is made of."""

from __future__ import annotations

import click

PROGRAM = "orders-events"


def say(message: str) -> None:
    """Say one line."""
    click.echo(f"{PROGRAM}: {one_line(message)}", err=True)


def one_line(text: str) -> str:
    """Make one line of a text; what could steer a terminal becomes visible."""
    joined = " ".join(text.splitlines())
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in joined)
