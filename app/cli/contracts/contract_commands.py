"""`orders-events contracts`, `types`, `openapi`, `proto` and `docs`: check the contract in a folder, and write files from it."""

from __future__ import annotations

from pathlib import Path

import click

from app import compatibility
from app.cli.options.options import contract_option
from app.compatibility.released.baseline import released_schemas
from app.pages import SettingDocs, build_site
from app.pages.site_paths import Layout
from app.settings import documented
from app.settings.setting_types import WholeNumber
from app.specification.contracts import load_contracts
from app.specification.derived.protobuf.proto_text import write_proto
from app.specification.derived.python_types import CLIENT, python_types
from app.specification.document import OpenApiDocument, load_document
from app.specification.errors import InvalidContract, StartupError


@click.command
@contract_option("Check the contract in this folder.")
@click.option("--number", is_flag=True, help="First, give numbers to the new fields of the .proto.")
@click.option("--release", is_flag=True, help="If nothing is found, record the contract as released.")
def contracts(*, root: Path, number: bool, release: bool) -> int:
    """Compare the contract with the released contract, and with the members of events that consumers rely on.

    The rules: A released schema never changes. A new minor version of an event schema may only add optional properties and change
    descriptions. Removing something public from the OpenAPI document needs a new major version. Every change of the document needs a
    new info.version. The expectations of consumers in contracts/consumers/ stay met. Every field of the .proto has a number in
    contracts/field-numbers.json, which never changes; --number adds those that are missing.

    The released contract is recorded in contracts/released.json, contracts/released-field-numbers.json and openapi/released.json;
    --release writes these files.

    Exit codes: 0 no rule is broken; 1 a rule is broken, or the contract cannot be read; 2 wrong usage.
    """
    try:
        if number:
            compatibility.number(root)
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
@click.option(
    "--major",
    type=WholeNumber(min=0),
    metavar="N",
    help="The majorVersion that the program sends; else it sends none.",
)
def types(*, root: Path, module: str, major: int | None) -> int:
    """Print a Python module with a class for each released event type, for type checkers and editors.

    The Python client includes such a module for the contract with which it was released. The client can also read an event of another
    type; the data of such an event is a plain mapping without types.

    Exit codes: 0 the module is printed; 1 the contract cannot be read, nothing of it is released, or it has no such major; 2 wrong
    usage.
    """
    try:
        schemas = released_schemas(root, major)
    except InvalidContract as error:
        raise click.ClickException(str(error)) from None
    if not schemas:
        raise click.ClickException(
            f"No event type in {root / 'contracts'} is released, so there is nothing to write. `orders-events contracts --release` releases a contract."
        )
    click.echo(python_types(schemas, module), nl=False)
    return 0


@click.command
@contract_option("Write the document of the contract in this folder.")
def openapi(*, root: Path) -> int:
    """Print the contract as OpenAPI 3.0 in the form that generators of clients need.

    Each operation has one media type, each list of values a name, and the schemas admit what later minor versions may send. A server
    has the same text at /openapi-clients.json; other forms are at /openapi.json, /openapi.yaml and /openapi-3.2.json.

    Exit codes: 0 the document is printed; 1 the contract is not valid; 2 wrong usage.
    """
    click.echo(_loaded(root).openapi_clients, nl=False)
    return 0


@click.command
@contract_option("Write the service of the contract in this folder.")
def proto(*, root: Path) -> int:
    """Print the gRPC service and its messages as Protocol Buffers (proto3), for compilers such as protoc and buf.

    A server has the same text at /orders-events.proto.

    Exit codes: 0 the service is printed; 1 the contract is not valid; 2 wrong usage.
    """
    click.echo(write_proto(_loaded(root).proto), nl=False)
    return 0


@click.command
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@contract_option("Document the contract in this folder.")
def docs(*, folder: Path, root: Path) -> int:
    """Write the documentation, which a server shows at /docs, into FOLDER, as files that can be read without a server.

    FOLDER is created if it is missing, and existing files are replaced. Open index.html in a browser, or copy the folder to any web
    server, at any path. The page that shows the live stream asks for the URL of a server.

    Exit codes: 0 the files are written; 1 the contract is not valid; 2 wrong usage.
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


def _loaded(root: Path) -> OpenApiDocument:
    try:
        return load_document(root, load_contracts(root / "contracts"))
    except StartupError as error:
        raise click.ClickException(str(error)) from None
