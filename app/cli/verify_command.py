"""`orders-events verify`: read a whole log, and say whether it is as it was written."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.options import store_argument
from app.specification.errors import StartupError
from app.stores.sqlite.verification import verify as verify_log


@click.command
@store_argument("store")
def verify(*, store: Path) -> int:
    """Read every event of STORE, a log in a file, and compare it with its checksum.

    A server may have the log open. STORE is the path of the file, or as --store has it (sqlite:PATH).

    Exit codes: 0 all is as it was written; 1 something is not, and the first bad id is named; 2 usage.
    """
    try:
        verified = verify_log(store)
    except StartupError as error:
        raise click.ClickException(str(error)) from None
    if verified.events:
        click.echo(
            f"{verified.events} events are as they were written, from {verified.first_id} through {verified.last_id}."
        )
    else:
        click.echo("The log is sound and holds no event.")
    return 0
