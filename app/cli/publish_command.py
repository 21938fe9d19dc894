"""`orders-events publish`: send the events in a file to a server."""

from __future__ import annotations

import ssl
import sys
from typing import Any, Literal

import click

from app.cli.options.options import RETRY_MAX_TIME, certificates_option, orders_client, transport_option, url_option
from app.cli.options.token_option import TokenSource, token_option
from app.cli.output.terminal import say
from app.cli.publishing.batches import read_batches
from app.cli.publishing.event_file import BinaryFile, open_events
from app.cli.publishing.progress import Progress
from app.cli.publishing.publication import Publication
from app.settings.setting_types import WholeNumber


class _InputFile(click.File):
    """The type of FILE: a file that is read as bytes; - stands for standard input."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "-" and sys.stdin is None:  # the program was started with standard input closed
            self.fail("Standard input is closed.", param, ctx)
        return super().convert(value, param, ctx)


@click.command
@click.argument("file", type=_InputFile("rb"))
@url_option
@token_option
@certificates_option
@transport_option("http", "websocket", "grpc")
@click.option(
    "--batch-size",
    type=WholeNumber(1, 1000),
    default=500,
    show_default=True,
    help="Send at most this many events in one request.",
)
@click.option(
    "--retry-max-time",
    type=RETRY_MAX_TIME,
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Try each request again for this long if the server cannot be reached or cannot store.",
)
def publish(
    *,
    file: BinaryFile,
    url: str,
    token: TokenSource | None,
    certificates: ssl.SSLContext | None,
    transport: Literal["http", "websocket", "grpc"],
    batch_size: int,
    retry_max_time: float,
) -> int:
    """Send the events in FILE to a server. If FILE is -, standard input is read.

    FILE is JSON: one event on each line, or one array of events, which may have line breaks. An event has the format of the contract:
    {"eventType": ..., "data": {...}, "eventId": ...}. A file of another format (CSV, a spreadsheet, a compressed file, text that is not
    UTF-8) is refused as a whole, and nothing is sent. An event that is not valid JSON, or that the server refuses, is reported with the
    number of its line, or its number in the array; all other events are stored, in order.

    It is safe to run the command again, after a failure or by mistake: an event is not stored again while the server retains an event
    with the same eventId. An event without an eventId gets an eventId that is made from its number and its text. So two identical
    lines of a file are two events. Add new lines at the end of the file, and correct a line where it is: a line with another number
    counts as a new event. The same text on the same line of another file counts as the same event.

    Exit codes: 0 all events are stored; 1 some events were refused, or sending stopped; 2 wrong usage.
    """
    source = open_events(file)
    progress = Progress(source.size_bytes)

    def report(message: str) -> None:
        progress.clear()
        say(message)

    with orders_client(url, certificates, report, "sse" if transport == "http" else transport, token) as orders:
        publication = Publication(orders, source.unit, retry_max_time, report)
        try:
            for batch in read_batches(source.pieces, batch_size):
                publication.publish(batch)
                progress.show(batch.bytes_read, publication.published + publication.duplicates)
        finally:
            report(
                f"{publication.published} published, {publication.duplicates} duplicates, {publication.refused} refused."
            )
    return 1 if publication.refused else 0
