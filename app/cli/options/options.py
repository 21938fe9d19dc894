"""Command-line parameters that several commands share."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from app.cli.options.token_option import TokenSource
from app.cli.output.terminal import say
from app.client import OrdersClient
from app.client.endpoint import GRPC_SCHEMES, HTTP_SCHEMES, checked_url
from app.client.transports.choice import Transport
from app.settings import SETTINGS, NatsUrl, Settings, StoreUrl
from app.settings.setting_types import ContractFolder, Number
from app.settings.store_types import Store

RETRY_MAX_TIME: Final = Number(1e9, zero=True)
"""The type of --retry-max-time: for how many seconds a command tries to reach a server."""

_Command = TypeVar("_Command", bound=Callable[..., Any])


def url_option(command: _Command) -> _Command:
    """Add the option `--url` to a command: the URL of the server to which the command sends its requests."""
    return click.option(
        "--url",
        envvar="ORDERS_EVENTS_URL",
        metavar="URL",
        default="http://127.0.0.1:8000",
        show_default=True,
        show_envvar=True,
        callback=_read_any_url,
        help="The URL of the server; for --transport grpc that of its gRPC port, such as grpc://127.0.0.1:50051.",
    )(command)


class _Certificates(click.ParamType[ssl.SSLContext]):
    """The type of `--cacert`: a file of certificates (PEM), converted to a TLS context that trusts only these certificates."""

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
    """Add the option `--cacert` to a command, with the name that curl uses.

    The command gets an argument `certificates`: a TLS context, or None if the option is not given.
    """
    return click.option(
        "--cacert",
        "certificates",
        type=_Certificates(),
        metavar="FILE",
        help="Trust the certificates in this file, for a server with TLS. Not given: those in SSL_CERT_FILE, else the public ones.",
    )(command)


def contract_option(help: str) -> Callable[[_Command], _Command]:
    """Return a decorator that adds the option `--contract` to a command. `help`: the description of the option.

    The command gets an argument `root`: the folder of the contract. Without the option, it is the built-in contract.
    """
    return click.option(
        "--contract",
        "root",
        envvar="ORDERS_EVENTS_CONTRACT",
        type=ContractFolder(),
        metavar="DIR",
        show_envvar=True,
        callback=_contract_root,
        help=f"{help} It has openapi/ and contracts/. Not given: the built-in contract.",
    )


def store_argument(name: str) -> Callable[[_Command], _Command]:
    """Return a decorator that adds an argument: the file of a log, as a path or as sqlite:PATH, the format of `serve --store`."""
    return click.argument(name, metavar=name.upper(), callback=_store_path)


def stream_argument(command: _Command) -> _Command:
    """Add the argument `store` to a command, the URL of a log that several servers share, and the options to sign in to NATS.

    The command gets the arguments `store`, `nats_creds` and `nats_ca`.
    """
    for name in ("nats_ca", "nats_creds"):
        setting = SETTINGS[name]
        option = click.option(
            setting.flag, name, type=setting.type, metavar=setting.metavar, envvar=setting.variable, help=setting.help
        )
        command = option(command)
    return click.argument("store", type=Store(), callback=_only_streams)(command)


def transport_option(*names: str) -> Callable[[_Command], _Command]:
    """Return a decorator that adds the option `--transport` to a command. `names`: the transports; the first is the default."""
    return click.option(
        "--transport",
        type=click.Choice(names),
        default=names[0],
        show_default=True,
        help="How events come from the server, or go to it.",
    )


@contextmanager
def orders_client(
    url: str,
    certificates: ssl.SSLContext | None,
    report: Callable[[str], None] = say,
    transport: Transport = "sse",
    token: TokenSource | None = None,
) -> Iterator[OrdersClient]:
    """Open a client of the server at `url`, and close the client when the context ends.

    `certificates`: the certificates to trust; None: the default of `OrdersClient`. `transport`, `token`: see `OrdersClient`. `report`:
    called with a sentence when a request fails that will be tried again. Raises click.UsageError if the URL is not one for the transport,
    if a package of the transport is not installed, or if SSL_CERT_FILE or SSL_CERT_DIR points to certificates that cannot be read.
    """
    try:
        client = OrdersClient(url, token=token, certificates=certificates, transport=transport, report=report)
    except (ValueError, ImportError) as error:
        raise click.UsageError(str(error)) from None
    with client:
        yield client


def read_url(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    """Check the value of a parameter that must be the HTTP URL of a server. Called by click. Raises click.BadParameter."""
    return _checked(text, HTTP_SCHEMES)


def _read_any_url(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    return _checked(text, GRPC_SCHEMES if text.startswith(GRPC_SCHEMES) else HTTP_SCHEMES)


def _checked(text: str, schemes: tuple[str, ...]) -> str:
    try:
        return checked_url(text, schemes)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _contract_root(_context: click.Context, _parameter: click.Parameter, folder: Path | None) -> Path:
    return Settings(contract=folder).contract_root


def _store_path(_context: click.Context, _parameter: click.Parameter, text: str) -> Path:
    if text == "memory:":
        raise click.BadParameter("a log in memory is in no file; give the path of one.")
    if text.startswith(("nats:", "tls:")):
        raise click.BadParameter("a log in NATS is in no file; `orders-events log` takes care of it.")
    return Path(text.removeprefix("sqlite:"))


def _only_streams(_context: click.Context, _parameter: click.Parameter, store: StoreUrl | NatsUrl) -> NatsUrl:
    if isinstance(store, NatsUrl):
        return store
    raise click.BadParameter(f"{store} is not a log that several servers share; that is nats://HOST:PORT/STREAM.")
