"""`orders-events backup`: copy a log while a server writes it."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.options import store_argument
from app.specification.errors import StartupError
from app.stores.sqlite.copies import backup as back_up


@click.command
@store_argument("store")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(*, store: Path, file: Path) -> int:
    """Copy STORE, a log in a file, to FILE, as it is at one moment; a server may have the log open.

    The copy is verified before it gets its name. An older backup of that name is replaced. `restore` puts it back.

    Exit codes: 0 written; 1 the log is damaged, or FILE cannot be written; 2 usage.
    """
    try:
        verified = back_up(store, file)
    except StartupError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{file} holds {verified.events} events{f', through {verified.last_id}' if verified.last_id else ''}.")
    return 0
