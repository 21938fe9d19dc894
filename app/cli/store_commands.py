"""`orders-events verify`, `backup` and `restore`: the tools of a log in a file."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.options import store_argument
from app.specification.errors import StartupError
from app.stores.sqlite import copies, verification


@click.command
@store_argument("store")
def verify(*, store: Path) -> int:
    """Read every event of STORE, a log in a file, and compare it with its checksum.

    A server may have the log open. STORE is the path of the file, or as --store has it (sqlite:PATH).

    Exit codes: 0 all is as it was written; 1 something is not, and the first bad id is named; 2 usage.
    """
    try:
        verified = verification.verify(store)
    except StartupError as error:
        raise click.ClickException(str(error)) from None
    if verified.events:
        click.echo(
            f"{verified.events} events are as they were written, from {verified.first_id} through {verified.last_id}."
        )
    else:
        click.echo("The log is sound and holds no event.")
    return 0


@click.command
@store_argument("store")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(*, store: Path, file: Path) -> int:
    """Copy STORE, a log in a file, to FILE, as it is at one moment; a server may have the log open.

    The copy is verified before it gets its name. An older backup of that name is replaced. `restore` puts it back.

    Exit codes: 0 written; 1 the log is damaged, or FILE cannot be written; 2 usage.
    """
    try:
        verified = copies.backup(store, file)
    except StartupError as error:
        raise click.ClickException(str(error)) from None
    click.echo(_held(file, verified))
    return 0


@click.command
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@store_argument("store")
def restore(*, file: Path, store: Path) -> int:
    """Put FILE, a backup, in the place of STORE, a log in a file. No server may have it open.

    The file that was there is kept as STORE.replaced. Clients that had read further than the backup get a gap from the next start.

    Exit codes: 0 restored; 1 a server has the log open, a -wal file is beside it, or FILE is damaged or not a log; 2 usage.
    """
    try:
        verified = copies.restore(file, store)
    except StartupError as error:
        raise click.ClickException(str(error)) from None
    click.echo(_held(store, verified))
    return 0


def _held(path: Path, verified: verification.Verified) -> str:
    last = f", through {verified.last_id}" if verified.last_id else ""
    return f"{path} holds {verified.events} events{last}."
