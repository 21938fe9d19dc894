"""`orders-events tail`: follow the event stream of a server, and print each event as a line."""

from __future__ import annotations

import shutil
import ssl
import sys
from collections.abc import Iterable
from datetime import timedelta
from typing import Final, Literal

import click

from app.cli.options.options import RETRY_MAX_TIME, certificates_option, orders_client, transport_option, url_option
from app.cli.options.stream_options import FINITE_RETRY_SECONDS, stream_options
from app.cli.options.token_option import TokenSource, token_option
from app.cli.output.server_errors import Failed
from app.cli.output.tail_format import json_line, text_line
from app.cli.output.tail_statistics import Statistics, shown_live
from app.cli.output.terminal import discard_output, paint_for, print_line, say
from app.client import Gap, OrderEvent, OrdersClient, OrdersError, OrderStream, StreamOptions
from app.client.transports.choice import Transport
from app.settings.setting_types import WholeNumber

_LINES: Final = {"json": json_line, "text": text_line}


@click.command
@url_option
@token_option
@certificates_option
@transport_option("sse", "websocket", "auto", "grpc")
@stream_options
@click.option(
    "--last-event-id", metavar="ID", help="Go on after the event with this id, whatever --from and --since say."
)
@click.option("--limit", type=WholeNumber(min=1), metavar="N", help="End after N events.")
@click.option(
    "--format",
    "written",
    type=click.Choice(list(_LINES)),
    help="Print JSON for programs, or text for people. [default: text on a terminal, else json]",
)
@click.option(
    "--stats",
    is_flag=True,
    help="Print no events but a summary at the end: how many came, how fast, and the gaps. A terminal also shows it live.",
)
@click.option(
    "--retry-max-time",
    type=RETRY_MAX_TIME,
    metavar="SECONDS",
    help="Give up if the server cannot be reached for this long. [default: never, or 60 with --no-follow]",
)
def tail(
    *,
    url: str,
    token: TokenSource | None,
    certificates: ssl.SSLContext | None,
    transport: Transport,
    event_types: tuple[str, ...],
    order_id: tuple[str, ...],
    major_version: int | None,
    origin: Literal["earliest", "latest"] | None,
    since: str | timedelta | None,
    last_event_id: str | None,
    limit: int | None,
    follow: bool,
    written: str | None,
    stats: bool,
    retry_max_time: float | None,
) -> int:
    """Follow the events of a server, and print each event as a line of text or of JSON: {"id": ..., "eventType": ..., "data": {...}}.

    If the connection breaks or the server restarts, tail reconnects and goes on after the last event that it printed. If events are lost
    nevertheless, because the server has deleted them, tail prints a message on standard error and goes on.

    Exit codes: 0 the end that --limit or --no-follow asks for is reached; 1 the server refuses or cannot be reached; 2 wrong usage.
    """
    options: StreamOptions = {
        "event_types": event_types,
        "order_ids": order_id,
        "major_version": major_version,
        "after": last_event_id,
        "since": since,
        "from_": origin,
        "limit": limit,
        "follow": follow,
        "retry_max_seconds": FINITE_RETRY_SECONDS if retry_max_time is None and not follow else retry_max_time,
    }
    if sys.stdout is None:  # the program was started with standard output closed
        raise click.ClickException("Standard output is closed, so there is nowhere to print events to.")
    try:
        with (
            orders_client(url, certificates, transport=transport, token=token) as orders,
            _stream(orders, options) as stream,
        ):
            written = written or ("text" if sys.stdout.isatty() else "json")
            if stats:
                _summarise(stream, written)
            else:
                _print(stream, written)
    except BrokenPipeError:
        discard_output()  # the reader of the pipe has ended: in `tail | head`, head ends first
    except OSError as error:
        discard_output()
        raise click.ClickException(
            f"Events cannot be printed: {error.strerror}. To go on, pass the id of the last printed event as --last-event-id."
        ) from None
    except OrdersError as error:
        raise Failed(error) from None
    return 0


def _stream(orders: OrdersClient, options: StreamOptions) -> OrderStream[OrderEvent | Gap]:
    try:
        return orders.stream(gaps="yield", **options)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _print(values: Iterable[OrderEvent | Gap], written: str) -> None:
    line, paint = _LINES[written], paint_for(sys.stdout)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for value in values:
        if isinstance(value, Gap):
            say(str(value))
        else:
            print_line(line(value, paint, width))


def _summarise(values: Iterable[OrderEvent | Gap], written: str) -> None:
    """Count the values, and print the summary at the end, also after Ctrl-C or an error."""
    statistics = Statistics()
    try:
        with shown_live(statistics) as clear:
            for value in values:
                statistics.add(value)
                if isinstance(value, Gap):
                    clear()
                    say(str(value))
    finally:
        print_line(statistics.as_json() if written == "json" else statistics.summary())
