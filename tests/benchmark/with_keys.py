"""This server with access tokens, beside itself without them: what it costs to authenticate requests.

The tokens are signed with RS256, which is what most issuers use. A server keeps the tokens that it knows, so there are two cases: all
requests have the same token, or each stream comes with a token that the server has not seen.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.benchmark.judging import Figure, Target
from tests.benchmark.ours import OURS
from tests.benchmark.sizes import LIVE, PACE, Sizes

_ISSUER: Final = "https://issuer.example"
_AUDIENCE: Final = "https://orders.example"
_ALGORITHM: Final = "RS256"
_BITS: Final = 2048
_SECONDS: Final = 24 * 3600  # no run takes as long


@cache
def _key() -> RSAKey:
    return RSAKey.generate_key(_BITS, {"kid": "benchmark"})


def _authorization(number: int) -> str:
    """Return a header line with an access token; those of different numbers differ."""
    now = int(time.time())
    who = {"iss": _ISSUER, "aud": _AUDIENCE, "sub": f"reader-{number}", "client_id": "benchmark", "jti": str(number)}
    claims = {**who, "iat": now, "exp": now + _SECONDS, "scope": "orders:read orders:publish"}
    head = {"alg": _ALGORITHM, "typ": "at+jwt", "kid": _key().kid}
    return f"Authorization: Bearer {jwt.encode(head, claims, _key(), algorithms=[_ALGORITHM])}"


def _new_tokens(scratch: Path, subscribers: int) -> Path:
    file = scratch / "headers"
    file.write_text("".join(f"{_authorization(number)}\n" for number in range(1, subscribers + 1)))
    return file


def _command(scratch: Path, port: int) -> Sequence[str]:
    keys = scratch / "jwks.json"
    keys.write_text(json.dumps({"keys": [_key().as_dict(private=False)]}))
    names = ["--issuer", _ISSUER, "--audience", _AUDIENCE, "--public-url", _AUDIENCE]
    return [*OURS.command(scratch, port), "--jwks", str(keys), "--algorithm", _ALGORITHM, *names]


_KNOWN: Final = _authorization(0)

OURS_WITH_KEYS: Final = replace(
    OURS,
    name="orders-events-keys",
    title="Orders Events, one access token",
    command=_command,
    headers=(*OURS.headers, _KNOWN),
    publish_headers=(*OURS.publish_headers, _KNOWN),
    scenarios=("one", "paced", "publish", "idle"),
)

OURS_WITH_NEW_TOKENS: Final = replace(
    OURS_WITH_KEYS,
    name="orders-events-new-tokens",
    title="Orders Events, a new access token for each stream",
    headers=OURS.headers,
    own_headers=_new_tokens,
    scenarios=("idle",),
)


def targets_with_keys(sizes: Sizes) -> list[Target]:
    """Return the targets: each figure with keys against the same without."""
    idle = f"idle-{sizes.idle_crowd}"
    rows = [
        (f"keys: CPU per delivery, one event per wake-up, {LIVE:,} subscribers", f"one-{LIVE}", "cpu_us_per_delivery"),
        (f"keys: CPU per delivery, {LIVE:,} subscribers, {PACE} events/s", f"paced-{LIVE}", "cpu_us_per_delivery"),
        ("keys: CPU of publishing, batches of 500", "publish-500", "cpu_us_per_event"),
        ("keys: CPU of publishing, one event a request, 64 in flight", "publish-1", "cpu_us_per_event"),
    ]
    accepting = [
        ("keys: accepting a stream with a known token, server CPU", OURS_WITH_KEYS.name, 1.2, 1.1),
        ("keys: accepting a stream with a new RS256 token, server CPU", OURS_WITH_NEW_TOKENS.name, 2.0, 1.5),
    ]
    return [
        *(_against_none(title, scenario, figure, OURS_WITH_KEYS.name, 1.03, 1.0) for title, scenario, figure in rows),
        *(
            _against_none(title, idle, "accept_ms_per_stream", system, least, aim)
            for title, system, least, aim in accepting
        ),
    ]


def _against_none(title: str, scenario: str, figure: str, system: str, least: float, aim: float) -> Target:
    return Target(f"{title}, against without", Figure(scenario, figure, system), Figure(scenario, figure), least, aim)
