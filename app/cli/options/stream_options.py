"""The options with which a command chooses the events of a stream, and where the stream begins and ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from app.cli.output.tail_format import complete_event_types, read_since
from app.settings.setting_types import WholeNumber

FINITE_RETRY_SECONDS: Final = 60.0
"""How long a command with --no-follow tries to reach a server, unless it is given another time."""

_Command = TypeVar("_Command", bound=Callable[..., Any])

_OPTIONS: Final = (
    click.option(
        "--event-types",
        multiple=True,
        metavar="TYPE[,TYPE...]",
        shell_complete=complete_event_types,
        help="Only events of these types, such as order.cancelled. May be repeated.",
    ),
    click.option(
        "--order-id",
        "--order",
        multiple=True,
        metavar="ID[,ID...]",
        help="Only events of these orders; in another contract, with these keys. May be repeated.",
    ),
    click.option(
        "--major-version",
        type=WholeNumber(min=1),
        metavar="N",
        help="Read the events in this major version of their schemas. [default: the oldest that there is]",
    ),
    click.option(
        "--from",
        "origin",
        type=click.Choice(["earliest", "latest"]),
        help="Begin with the earliest event that is retained, or with the next one to come (the default).",
    ),
    click.option(
        "--since",
        callback=read_since,
        metavar="TIME",
        help="Begin with the first event stored at or after this RFC 3339 time, or within this span: 90s, 10m, 2h30m, 7d.",
    ),
    click.option(
        "--follow/--no-follow",
        default=True,
        help="Wait for new events (the default), or end after the newest event that is stored.",
    ),
)


def stream_options(command: _Command) -> _Command:
    """Add the options to a command: its arguments `event_types`, `order_id`, `major_version`, `origin`, `since` and `follow`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
