"""`orders-events token`: print an access token, for development."""

from __future__ import annotations

import re
import time
from typing import Any, BinaryIO, Final

import click

from app.access.principal import PUBLISH, READ, SCOPES, Permission, Principal
from app.access.tokens.issue_token import issue_token, read_signer
from app.access.tokens.signing_keys import InvalidKeys

_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 24 * 3600}


class Duration(click.ParamType[int]):
    """A time such as 90s, 30m, 1h or 7d, converted to seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        parts = re.fullmatch(r"([1-9][0-9]{0,7})([smhd]?)", str(value))
        if parts is None:
            self.fail(f"{value!r} is not a time such as 90s, 30m, 1h or 7d.", param, ctx)
        return int(parts[1]) * _UNITS[parts[2]]


@click.command
@click.option(
    "--key",
    "file",
    type=click.File("rb"),
    required=True,
    metavar="FILE|-",
    help="Sign with the secret of --jwt-secret-file, or with a private key (PEM or JWK); - reads it from standard input.",
)
@click.option(
    "--issuer", envvar="ORDERS_EVENTS_ISSUER", required=True, show_envvar=True, help="The --issuer of the server."
)
@click.option(
    "--audience",
    envvar=["ORDERS_EVENTS_AUDIENCE", "ORDERS_EVENTS_PUBLIC_URL"],
    required=True,
    show_envvar=True,
    help="The --audience of the server: its --public-url, unless it has another one.",
)
@click.option("--subject", default="developer", show_default=True, help="The name of the client.")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(sorted(SCOPES)),
    multiple=True,
    default=(READ, PUBLISH),
    show_default=True,
    help="Allow this. May be repeated.",
)
@click.option(
    "--event-type",
    "event_types",
    multiple=True,
    metavar="TYPE",
    help="Restrict the token to this event type. May be repeated.",
)
@click.option(
    "--order", "order_ids", multiple=True, metavar="ID", help="Restrict the token to this order. May be repeated."
)
@click.option(
    "--owner",
    "owners",
    multiple=True,
    metavar="ID",
    help="Restrict the token to events of this owner. May be repeated.",
)
@click.option(
    "--ttl", "seconds", type=Duration(), default="1h", show_default=True, help="Let the token expire after this time."
)
def token(
    *,
    file: BinaryIO,
    issuer: str,
    audience: str,
    subject: str,
    scopes: tuple[str, ...],
    event_types: tuple[str, ...],
    order_ids: tuple[str, ...],
    owners: tuple[str, ...],
    seconds: int,
) -> int:
    """Print an access token for a server that has --jwt-secret-file or --jwks.

    \b
    For example, with a secret made by `openssl rand -base64 32 > secret`:
      orders-events token --key secret --issuer me --audience URL > token
      orders-events tail --url URL --token-file token

    The token is a secret. In production an authorization server issues tokens.

    Exit codes: 0 the token was printed; 1 the key is not of use; 2 wrong usage.
    """  # noqa: D301  # \b is the character by which click knows lines that it must not wrap
    now = time.time()
    principal = Principal(
        issuer=issuer,
        subject=subject,
        scopes=frozenset(scopes),
        permission=Permission(*(frozenset(each) or None for each in (event_types, order_ids, owners))),
        expires_at=int(now) + seconds,
    )
    try:
        signer = read_signer(file.read(), "--key")
    except InvalidKeys as error:
        raise click.ClickException(str(error)) from None
    click.echo(issue_token(signer, principal, audience, now))
    return 0
