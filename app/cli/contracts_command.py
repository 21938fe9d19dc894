"""`orders-events contracts`: the compatibility gate."""

from __future__ import annotations

from pathlib import Path

import click

from app.settings import Settings
from app.specification.errors import InvalidContract


@click.command(short_help="Check that a changed contract breaks no one.")
@click.option(
    "--contract",
    "folder",
    envvar="ORDERS_EVENTS_CONTRACT",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    show_envvar=True,
    help="Check the contract in this folder (openapi/ and contracts/). Not given: the built-in one.",
)
@click.option("--release", is_flag=True, help="If nothing is found, write down the contract as released.")
def contracts(*, folder: Path | None, release: bool) -> int:
    """Compare the contract with what is released, and with what consumers rely on.

    A released schema never changes. Within a major version an event schema gains optional properties and changes its text, nothing
    else. Nothing public leaves the OpenAPI document without a new major version, and info.version moves with every change. What is
    written in contracts/consumers/ stays true.

    What is released stands in contracts/released.json and openapi/released.json, which --release writes.

    Exit codes: 0 nothing is broken; 1 something is, or the contract cannot be read; 2 usage.
    """
    from app import compatibility  # noqa: PLC0415  # --help and completion load all commands, and need not wait for it

    root = Settings(contract=folder).contract_root
    try:
        report = compatibility.release(root) if release else compatibility.check(root)
    except InvalidContract as error:
        raise click.ClickException(str(error)) from None
    for finding in report.findings:
        click.echo(f"{finding}\n")
    if report.findings:
        count = len(report.findings)
        raise click.ClickException(f"{count} violation{'s' if count > 1 else ''}. {report.summary}")
    click.echo(report.summary)
    return 0
