"""The options with which a command chooses events: by type, and by order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from app.cli.output.tail_format import complete_event_types

_Command = TypeVar("_Command", bound=Callable[..., Any])


def filter_options(command: _Command) -> _Command:
    """Add the options `--event-types` and `--order-id` to a command: its arguments `event_types` and `order_id`."""
    of_types = click.option(
        "--event-types",
        multiple=True,
        metavar="TYPE[,TYPE...]",
        shell_complete=complete_event_types,
        help="Only events of these types, such as order.cancelled. May be repeated.",
    )
    of_orders = click.option(
        "--order-id",
        "--order",
        multiple=True,
        metavar="ID[,ID...]",
        help="Only events of these orders. May be repeated.",
    )
    return of_types(of_orders(command))
