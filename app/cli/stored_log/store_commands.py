"""`orders-events verify`, `backup` and `restore`: the tools for a log of events in an SQLite file."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.options.options import store_argument
from app.specification.errors import StartupError
from app.stores.sqlite import copies, verification


@click.command
@store_argument("store")
def verify(*, store: Path) -> int:
    """Read every event in STORE, a log in a file, and compare each event with its checksum.

    A server may have the log open. STORE is the path of the file, or sqlite:PATH, the format of serve --store.

    Exit codes: 0 all events are unchanged; 1 the log is damaged, and the id of the first bad event is printed; 2 wrong usage.
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
    """Copy STORE, a log in a file, to FILE. The copy has the state of one moment, even if a server has the log open.

    The copy is verified before it is renamed to FILE. An existing FILE is replaced. The command `restore` restores the copy.

    Exit codes: 0 FILE is written; 1 the log is damaged, or FILE cannot be written; 2 wrong usage.
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
    """Replace STORE, a log in a file, by FILE, a backup. No server may have the log open.

    The replaced log is kept as STORE.replaced. A client that has read events newer than the backup gets a gap, which is a report of lost
    events, when it connects again.

    Exit codes: 0 the backup is restored; 1 a server has the log open, STORE has a -wal file, or FILE is damaged or not a log; 2 wrong
    usage.
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
