"""Access for development: keys that last as long as the server, one token, and a code with which a browser signs in once."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Final

from joserfc.jwk import OctKey

from app.access.principal import SCOPES, Principal
from app.access.tokens.access_token import TokenRules
from app.access.tokens.issue_token import Signer, issue_token
from app.access.tokens.signing_keys import SECRET_BYTES, KeySet
from app.access.tokens.token_authentication import TokenAuthentication

NAME: Final = "urn:orders-events:development"  # of the issuer and of the audience
CODE_SECONDS: Final = 300  # a link stays in the history of terminals and browsers
TOKEN_SECONDS: Final = 12 * 3600  # a working day

_CODE_BYTES: Final = 16
_ALGORITHM: Final = "HS256"


class DevelopmentAccess:
    """The keys of a server for development, which exist in this process alone. `clock`: returns the time, in seconds since 1970-01-01 UTC.

    `name`: that of the issuer. `authentication`: accepts the tokens that these keys have signed. `token`: such a token, which allows
    everything. `code`: may be exchanged for the token once, within 5 minutes. A link may contain the code: it is of no use to a person who
    sees the link later.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.name = NAME
        key = OctKey.import_key(secrets.token_bytes(SECRET_BYTES))
        developer = Principal(NAME, "developer", SCOPES, expires_at=int(clock()) + TOKEN_SECONDS)
        self.authentication = TokenAuthentication(KeySet({None: key}), TokenRules(NAME, NAME, (_ALGORITHM,)), clock)
        self.token = issue_token(Signer(key, _ALGORITHM), developer, NAME, clock())
        self.code = secrets.token_urlsafe(_CODE_BYTES)
        self._clock = clock
        self._code_expires_at = clock() + CODE_SECONDS

    def redeem(self, code: str) -> str | None:
        """Return the token for the code; None if it is another code, too late, or not the first time."""
        is_known = secrets.compare_digest(code.encode(), self.code.encode())
        if not is_known or self._clock() >= self._code_expires_at:
            return None
        self._code_expires_at = 0.0
        return self.token
