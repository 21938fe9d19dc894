"""The authentication of a server with keys. Its cryptography is imported with it, so a server without keys starts without this module."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Final, get_args

from app.access.errors import TokenExpired, Unauthenticated
from app.access.principal import Principal
from app.access.tokens.access_token import TokenRules, principal_of_claims
from app.access.tokens.authentication import EXPIRED_SECONDS
from app.access.tokens.signing_keys import KeySource
from app.access.tokens.verifier import Fault, InvalidToken, Verifier

REMEMBERED_TOKENS: Final = 4096  # some 4 MB; if each is as long as a token may be, with its restrictions, some 36 MB


class TokenAuthentication:
    """The authentication of a server with keys, by access tokens (RFC 9068).

    `keys`: the keys that may have signed a token. `rules`: what else is demanded of a token. `clock`: returns the time, in seconds
    since 1970-01-01 UTC.
    """

    def __init__(self, keys: KeySource, rules: TokenRules, clock: Callable[[], float] = time.time) -> None:
        self._keys = keys
        self._rules = rules
        self._verifier = Verifier(keys, rules.algorithms)
        self._clock = clock
        self._senders: dict[str, Principal] = {}  # by their tokens
        keys.on_changed(self._senders.clear)
        self.failures: Counter[str] = Counter(dict.fromkeys(("missing", "expired", *get_args(Fault)), 0))

    def authenticate(self, token: str | None) -> Principal:
        if token is None:
            self.failures["missing"] += 1
            raise Unauthenticated
        now = self._clock()
        sender = self._senders.get(token) or self._sender(token, now)
        if sender.expires_at is None or now < sender.expires_at:
            return sender
        self.failures["expired"] += 1
        raise TokenExpired(sender) if now - sender.expires_at <= EXPIRED_SECONDS else Unauthenticated

    def _sender(self, token: str, now: float) -> Principal:
        """Verify a token, also if it has expired, and remember it until the keys change. Raises Unauthenticated if it is not accepted.

        A client sends the same token with many requests, and to verify it takes 40 to 150 us. A token that is refused is not remembered:
        it takes less time than a good one, and others would be forgotten for it.
        """
        try:
            sender = principal_of_claims(self._verifier.verify(token), self._rules, now)
        except InvalidToken as invalid:
            self.failures[invalid.reason] += 1
            raise Unauthenticated from None
        if len(self._senders) >= REMEMBERED_TOKENS:
            del self._senders[next(iter(self._senders))]
        self._senders[token] = sender
        return sender

    def accepts_key_of(self, principal: Principal) -> bool:
        return self._keys.accepts(principal.key_thumbprint)

    def on_keys_changed(self, call: Callable[[], None]) -> None:
        self._keys.on_changed(call)

    def keys_age_seconds(self) -> float | None:
        return self._keys.age_seconds()
