"""`orders-events types`: the released event types for Python."""

from __future__ import annotations

from pathlib import Path

import click

from app.settings import Settings
from app.specification.derived.python_types import CLIENT, python_types
from app.specification.errors import InvalidContract


@click.command(short_help="Write the event types for Python.")
@click.option(
    "--contract",
    "folder",
    envvar="ORDERS_EVENTS_CONTRACT",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    show_envvar=True,
    help="Write the types of the contract in this folder (openapi/ and contracts/). Not given: the built-in one.",
)
@click.option(
    "--import-from",
    "module",
    default=CLIENT,
    show_default=True,
    metavar="MODULE",
    help="The module that the types import OrderEvent from.",
)
def types(*, folder: Path | None, module: str) -> int:
    """Write a Python module with the types of the released events, for type checkers and editors.

    The Python client has such a module for the contract that it was made with. An event of another type is read too: its data is a
    plain mapping.

    Exit codes: 0 written; 1 the contract cannot be read; 2 usage.
    """
    # --help and completion load all commands, and need not wait for it.
    from app.compatibility.released_types import released_types  # noqa: PLC0415

    try:
        schemas = released_types(Settings(contract=folder).contract_root)
    except InvalidContract as error:
        raise click.ClickException(str(error)) from None
    click.echo(python_types(schemas, module), nl=False)
    return 0
