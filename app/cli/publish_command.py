"""`orders-events publish`: send a file of events."""

from __future__ import annotations

import ssl
import sys
from typing import Any

import click

from app.cli.options import certificates_option, orders_client, url_option
from app.cli.publishing.batches import read_batches
from app.cli.publishing.event_file import BinaryFile, open_events
from app.cli.publishing.publication import Progress, Publication
from app.cli.terminal import say


class _InputFile(click.File):
    """A file to read bytes from; - is standard input."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "-" and sys.stdin is None:  # the program was started with it closed
            self.fail("Standard input is closed.", param, ctx)
        return super().convert(value, param, ctx)


@click.command
@click.argument("file", type=_InputFile("rb"))
@url_option
@certificates_option
@click.option(
    "--batch-size",
    type=click.IntRange(1, 1000),
    default=500,
    show_default=True,
    help="Send at most this many events in one request.",
)
@click.option(
    "--retry-max-time",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Try each request again for this long if the server cannot be reached or cannot store.",
)
def publish(
    *, file: BinaryFile, url: str, certificates: ssl.SSLContext | None, batch_size: int, retry_max_time: float
) -> int:
    """Send the events in FILE to a server; - reads standard input.

    FILE has an event as JSON on each line, or one array of events, over as many lines as you like. An event is as the contract
    describes it: {"eventType": ..., "data": {...}, "eventId": ...}. A file of another kind (CSV, a spreadsheet, a compressed file,
    text that is not UTF-8) is refused as a whole, and nothing is sent. Else, an event that is not valid JSON or that the server
    refuses is reported with the number of its line, or its number in the array; all others are stored, in order.

    It is safe to run again, after a failure or by mistake: an event whose eventId is stored already is not stored twice, for
    as long as the server retains it. An event without an eventId is given one that is made from its number and its text. So
    identical lines of a file are events of their own; add new lines at the end and correct lines in place, for a line that
    moves counts as new. The same text on the same line of another file counts as the same event.

    Exit codes: 0 all events are stored; 1 some were refused or sending stopped; 2 usage.
    """
    source = open_events(file)
    progress = Progress(source.size_bytes)

    def report(message: str) -> None:
        progress.clear()
        say(message)

    with orders_client(url, certificates, report) as orders:
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
