"""`orders-events init`: write a contract for events of one's own."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from app.cli.output.terminal import typed_program
from app.new_contract.contract_folder import EVENTS, README, write_contract
from app.new_contract.event_names import EventNames, names_of
from app.settings import Settings
from app.specification.errors import InvalidContract


def _read_names(_context: click.Context, _parameter: click.Parameter, text: str) -> EventNames:
    try:
        return names_of(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--event",
    "names",
    default="parcel.delivered",
    show_default=True,
    metavar="TYPE",
    callback=_read_names,
    help="The event type: what the event is about, a dot, and what has happened to it.",
)
def init(*, folder: Path, names: EventNames) -> int:
    """Write a contract with one event type of your own into DIR: its schema with examples, the OpenAPI document, and a README.

    DIR must be new or empty. `serve --contract DIR` runs the contract as it is, and `contracts --contract DIR` compares later changes of
    the contract with what was written.

    Exit codes: 0 the contract is written; 1 DIR cannot be written; 2 wrong usage.
    """
    if folder.is_dir() and any(folder.iterdir()):
        raise click.BadParameter(f"{folder} is not empty; name a folder that is new or empty.", param_hint="DIR")
    existed = folder.is_dir()
    try:
        write_contract(folder, names, Settings().contract_root)
    except InvalidContract as error:
        _empty(folder, keep=existed)
        raise click.ClickException(f"{error} Choose another --event.") from None
    program = typed_program()
    click.echo(f"""\
{folder} has a contract with the event type {names.event_type}. Next:

  run a server         {program} serve --contract {folder} --store sqlite:{folder / "events.db"}
  follow the events    {program} tail --from earliest
  publish some         {program} publish {folder / EVENTS}
  change the contract  {folder / README} says how""")
    return 0


def _empty(folder: Path, *, keep: bool) -> None:
    for entry in folder.iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    if not keep:
        folder.rmdir()
