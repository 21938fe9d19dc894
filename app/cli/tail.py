"""`orders-events tail`: follow the stream, and print it as one JSON object a line."""

from __future__ import annotations

import json
import os
import sys

import click
from httpx_sse import ServerSentEvent

from app.cli.client import new_client, url_option
from app.cli.following import Following, StreamRequest
from app.cli.messages import say

SILENCE_SECONDS = 45.0  # three heartbeats of a server with default settings: a connection silent for longer is dead
FINITE_RETRY_SECONDS = 60.0


@click.command(short_help="Follow the events of a server.")
@url_option
@click.option(
    "--event-types",
    multiple=True,
    metavar="TYPE[,TYPE...]",
    help="Only events of these types, such as order.cancelled. May be repeated.",
)
@click.option("--order-id", multiple=True, metavar="ID[,ID...]", help="Only events of these orders. May be repeated.")
@click.option(
    "--from",
    "origin",
    type=click.Choice(["earliest", "latest"]),
    help="Begin with the earliest event retained, or with those to come (the default).",
)
@click.option("--since", metavar="TIME", help="Begin with what was stored at or after this RFC 3339 time.")
@click.option("--last-event-id", metavar="ID", help="Go on after the event with this id; it goes before the other two.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="End after N events.")
@click.option(
    "--follow/--no-follow", default=True, help="Wait for what comes (the default), or end with what is there."
)
@click.option(
    "--retry-max-time",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Give up when the server could not be reached for this long. [default: never, or 60 with --no-follow]",
)
def tail(
    *,
    url: str,
    event_types: tuple[str, ...],
    order_id: tuple[str, ...],
    origin: str | None,
    since: str | None,
    last_event_id: str | None,
    limit: int | None,
    follow: bool,
    retry_max_time: float | None,
) -> int:
    """Follow the events of a server: one JSON object a line, {"id": ..., "eventType": ..., "data": {...}}.

    When the connection breaks or the server restarts, tail comes back and goes on after the last event that it printed.
    Where events are lost nevertheless, because the server has deleted them, it says so on standard error and goes on.

    Exit codes: 0 the end that was asked for is reached; 1 the server refuses or cannot be reached; 2 usage.
    """
    if retry_max_time is None and not follow:
        retry_max_time = FINITE_RETRY_SECONDS
    request = StreamRequest(
        parameters=[
            *(("eventTypes", each) for each in event_types),
            *(("orderId", each) for each in order_id),
            *([] if follow else [("follow", "false")]),
        ],
        start=[(name, value) for name, value in (("from", origin), ("since", since)) if value is not None],
        last_event_id=last_event_id,
        limit=limit,
    )
    with new_client(url, SILENCE_SECONDS) as client:
        try:
            _print(Following(client, request, retry_max_time, say))
        except BrokenPipeError:
            # Whoever read the output has enough. Python would complain when it flushes at the exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _print(events: Following) -> None:
    for event in events:
        line = {"id": event.id, "eventType": event.event, "data": _data(event)}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def _data(event: ServerSentEvent) -> object:
    try:
        return json.loads(event.data)
    except ValueError:
        raise click.ClickException(f"The data of the event {event.id!r} is no JSON.") from None
