"""Options that several commands share."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from app.cli.terminal import say
from app.client import OrdersClient
from app.client.endpoint import checked_url
from app.settings import Settings

_Command = TypeVar("_Command", bound=Callable[..., Any])


def url_option(command: _Command) -> _Command:
    """Add `--url`, the server that a command sends its requests to."""
    return click.option(
        "--url",
        envvar="ORDERS_EVENTS_URL",
        metavar="URL",
        default="http://127.0.0.1:8000",
        show_default=True,
        show_envvar=True,
        callback=read_url,
        help="The URL of the server.",
    )(command)


class _Certificates(click.ParamType[ssl.SSLContext]):
    """A file of certificates (PEM), read as a context that trusts these and no others."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> ssl.SSLContext:
        if isinstance(value, ssl.SSLContext):
            return value
        try:
            return ssl.create_default_context(cafile=value)
        except ssl.SSLError:
            self.fail(f"{value!r} holds no certificates in the PEM format.", param, ctx)
        except OSError as error:
            self.fail(f"{value!r} cannot be read: {error.strerror}.", param, ctx)


def certificates_option(command: _Command) -> _Command:
    """Add `--cacert`, named as curl names it: the command is given the `certificates` to trust, or None."""
    return click.option(
        "--cacert",
        "certificates",
        type=_Certificates(),
        metavar="FILE",
        help="Trust the certificates in this file, for an https server. Not given: those in SSL_CERT_FILE, else the public ones.",
    )(command)


def contract_option(help: str) -> Callable[[_Command], _Command]:
    """Add `--contract`: the command is given the `root` of the contract, that of the built-in one unless the option names another."""
    return click.option(
        "--contract",
        "root",
        envvar="ORDERS_EVENTS_CONTRACT",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        metavar="DIR",
        show_envvar=True,
        callback=_contract_root,
        help=f"{help} It has openapi/ and contracts/. Not given: the built-in contract.",
    )


def store_argument(name: str) -> Callable[[_Command], _Command]:
    """Add an argument that is a log in a file: a path, or `sqlite:PATH` as `--store` has it."""
    return click.argument(name, metavar=name.upper(), callback=_store_path)


@contextmanager
def orders_client(
    url: str, certificates: ssl.SSLContext | None, report: Callable[[str], None] = say
) -> Iterator[OrdersClient]:
    """Open a client of a server. Raises click.UsageError if the certificates of the environment cannot be read."""
    try:
        client = OrdersClient(url, certificates=certificates, report=report)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    with client:
        yield client


def read_url(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    """Read a parameter that is the URL of a server; a callback of click's."""
    try:
        return checked_url(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _contract_root(_context: click.Context, _parameter: click.Parameter, folder: Path | None) -> Path:
    return Settings(contract=folder).contract_root


def _store_path(_context: click.Context, _parameter: click.Parameter, text: str) -> Path:
    if text == "memory:":
        raise click.BadParameter("a log in memory is in no file; give the path of one.")
    return Path(text.removeprefix("sqlite:"))
