"""`orders-events publish`: send a file of events."""

from __future__ import annotations

import os
import stat

import click

from app.cli.options import url_option
from app.cli.publishing.event_lines import BinaryFile, read_batches
from app.cli.publishing.publication import Progress, Publication
from app.cli.terminal import say
from app.client import OrdersClient


@click.command
@click.argument("file", type=click.File("rb"))
@url_option
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
def publish(file: BinaryFile, url: str, batch_size: int, retry_max_time: float) -> int:
    """Send the events in FILE, one JSON object a line, to a server; - reads standard input.

    A line is an event as the contract describes it: {"eventType": ..., "data": {...}, "eventId": ...}. Blank lines are skipped.
    A line that is not JSON or that the server refuses is reported with its number; all others are stored, in order.

    It is safe to run again, after a failure or by mistake: an event whose eventId is stored already is not stored twice, for
    as long as the server retains it. An event without an eventId is given one that is made from its line's number and text.
    So identical lines of a file are events of their own; add new lines at the end and correct lines in place, for a line that
    moves counts as new. The same text on the same line of another file counts as the same event.

    Exit codes: 0 all events are stored; 1 some were refused or sending stopped; 2 usage.
    """
    progress = Progress(_size_bytes(file))

    def report(message: str) -> None:
        progress.clear()
        say(message)

    with OrdersClient(url, report=report) as orders:
        publication = Publication(orders, retry_max_time, report)
        try:
            for batch in read_batches(file, batch_size):
                publication.publish(batch)
                progress.show(batch.bytes_read, publication.published + publication.duplicates)
        finally:
            report(
                f"{publication.published} published, {publication.duplicates} duplicates, {publication.refused} refused."
            )
    return 1 if publication.refused else 0


def _size_bytes(file: BinaryFile) -> int | None:
    status = os.fstat(file.fileno())
    return status.st_size if stat.S_ISREG(status.st_mode) else None
