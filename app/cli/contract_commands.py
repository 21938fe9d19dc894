"""`orders-events contracts`, `types` and `docs`: check the contract in a folder, and write files from it."""

from __future__ import annotations

from pathlib import Path

import click

from app import compatibility
from app.cli.options import contract_option
from app.compatibility.baseline import released_schemas
from app.pages import SettingDocs, build_site
from app.pages.site_paths import Layout
from app.settings import documented
from app.specification.contracts import load_contracts
from app.specification.derived.python_types import CLIENT, python_types
from app.specification.document import load_document
from app.specification.errors import InvalidContract, StartupError


@click.command
@contract_option("Check the contract in this folder.")
@click.option("--release", is_flag=True, help="If nothing is found, record the contract as released.")
def contracts(*, root: Path, release: bool) -> int:
    """Compare the contract with the released one, and with the members of events that its consumers rely on.

    A released schema never changes. Within a major version an event schema gains optional properties and changes its text, nothing
    else. Nothing public leaves the OpenAPI document without a new major version, and info.version moves with every change. What is
    written in contracts/consumers/ stays true.

    The released contract is recorded in contracts/released.json and openapi/released.json, which --release writes.

    Exit codes: 0 nothing is broken; 1 something is, or the contract cannot be read; 2 usage.
    """
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


@click.command
@contract_option("Write the types of the contract in this folder.")
@click.option(
    "--import-from",
    "module",
    default=CLIENT,
    show_default=True,
    metavar="MODULE",
    help="The module that the types import OrderEvent from.",
)
def types(*, root: Path, module: str) -> int:
    """Write a Python module with the types of the released events, for type checkers and editors.

    The Python client has such a module for the contract that it was made with. An event of another type is read too: its data is a
    plain mapping.

    Exit codes: 0 written; 1 the contract cannot be read; 2 usage.
    """
    try:
        schemas = released_schemas(root)
    except InvalidContract as error:
        raise click.ClickException(str(error)) from None
    click.echo(python_types(schemas, module), nl=False)
    return 0


@click.command
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@contract_option("Document the contract in this folder.")
def docs(*, folder: Path, root: Path) -> int:
    """Write into FOLDER the pages that a server shows at /docs, as files that need no server.

    FOLDER is made if it is missing, and files in it are replaced. Open index.html in a browser, or put the folder on any
    web server, below any path. The page that follows the stream asks for the address of a server.

    Exit codes: 0 written; 1 the contract is wrong; 2 usage.
    """
    try:
        event_contracts = load_contracts(root / "contracts")
        document = load_document(root, event_contracts)
        settings = [SettingDocs(*row) for row in documented()]
        files = build_site(document, event_contracts, root / "contracts", settings, Layout.FILES)
    except StartupError as error:
        raise click.ClickException(str(error)) from None
    for name, file in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
    click.echo(f"{folder / 'index.html'}")
    return 0
