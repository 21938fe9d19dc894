"""The keys of access tokens that the settings name. A server without keys does not import this module, nor the cryptography below it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.access.tokens.access_token import TokenRules
from app.access.tokens.authentication import Authentication
from app.access.tokens.refreshed_keys import open_keys
from app.access.tokens.signing_keys import read_secret
from app.access.tokens.token_authentication import TokenAuthentication
from app.settings import Settings


@asynccontextmanager
async def open_token_authentication(settings: Settings) -> AsyncIterator[Authentication]:
    """Read the keys of a server that has some, and follow their changes until the context is left.

    Raises StartupError if the keys cannot be read.
    """
    rules = TokenRules(settings.issuer or "", settings.audience or settings.public_url or "", settings.algorithms)
    if settings.jwt_secret_file is not None:
        yield TokenAuthentication(read_secret(settings.jwt_secret_file), rules)
    elif settings.jwks is not None:
        async with open_keys(settings.jwks) as keys:
            yield TokenAuthentication(keys, rules)
