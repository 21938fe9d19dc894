"""`orders-events restore`: put a backup in the place of a log."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.options import store_argument
from app.specification.errors import StartupError
from app.stores.sqlite.copies import restore as put_back


@click.command
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@store_argument("store")
def restore(*, file: Path, store: Path) -> int:
    """Put FILE, a backup, in the place of STORE, a log in a file. No server may have it open.

    The file that was there is kept as STORE.replaced. Clients that had read further than the backup get a gap from the next start.

    Exit codes: 0 restored; 1 a server has the log open, a -wal file is beside it, or FILE is damaged or not a log; 2 usage.
    """
    try:
        verified = put_back(file, store)
    except StartupError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{store} holds {verified.events} events{f', through {verified.last_id}' if verified.last_id else ''}.")
    return 0
