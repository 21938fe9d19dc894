"""The types of the settings about access tokens, as parameter types of click."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

import click

from app.settings.address_types import is_loopback
from app.settings.setting_types import shown

ALGORITHM: Final = click.Choice(
    (
        *("HS256", "HS384", "HS512"),
        *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519"),
    )
)
"""An algorithm that may sign access tokens (RFC 7518, RFC 9864). "none" is not one of them."""


class Identifier(click.ParamType[str]):
    """A name that is compared as it is with a claim of access tokens: visible ASCII characters, most often a URL."""

    name = "identifier"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not re.fullmatch("[!-~]+", value):
            self.fail(f"{shown(value)} is not a name of visible ASCII characters, without spaces.", param, ctx)
        return value


class KeySetPlace(click.ParamType[str]):
    """The place of a JWK Set: a file, or an https URL. A URL of this machine may also be http, for tests."""

    name = "jwks"
    _file: Final = click.Path(exists=True, dir_okay=False)

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        scheme, separator, _ = value.partition("://")
        if not separator:
            return str(self._file.convert(value, param, ctx))
        try:
            host = urlsplit(value).hostname
        except ValueError:
            host = None
        if not host or not (scheme == "https" or (scheme == "http" and is_loopback(host))):
            self.fail(f"{shown(value)} is not a file or an https URL.", param, ctx)
        return value
