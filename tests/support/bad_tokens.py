"""Tokens that no server may accept, by name: each differs in one thing from a good one."""

from __future__ import annotations

import base64
import hmac
import json
import time
from functools import cache
from typing import Any

from joserfc.jwk import OctKey, RSAKey

from tests.support.tokens import AUDIENCE, ISSUER, SECRET, claims, token


@cache
def bad_tokens() -> dict[str, str]:
    """Return the tokens. A server that is meant to refuse them has the secret of tests.support.tokens."""
    now = int(time.time())
    good = token()
    header, payload, signature = good.split(".")
    return {
        "not a token": "nonsense",
        "two parts": f"{header}.{payload}",
        "four parts": f"{good}.{signature}",
        "no signature": f"{header}.{payload}.",
        "another signature": f"{header}.{payload}.{'A' * len(signature)}",
        "the same signature, written in another way": f"{good[:-1]}{_with_spare_bits(good[-1])}",
        "another payload": f"{header}.{_part(claims(sub='admin'))}.{signature}",
        "padding": f"{good}=",
        "a space": f"{header}.{payload}. {signature}",
        "alg none": f"{_part({'alg': 'none', 'typ': 'at+jwt'})}.{payload}.",
        "alg none, signed": f"{_part({'alg': 'none', 'typ': 'at+jwt'})}.{payload}.{signature}",
        "an algorithm that is not allowed": token(header={"alg": "HS512"}),
        "the algorithm of a public key": token(header={"alg": "RS256"}, key=RSAKey.generate_key(2048)),
        "no algorithm": _signed({"typ": "at+jwt"}, claims()),
        "alg as a list": _signed({"alg": ["HS256"], "typ": "at+jwt"}, claims()),
        "another secret": token(key=OctKey.import_key(b"another secret of more than 32 bytes")),
        "a critical extension": _signed({"alg": "HS256", "typ": "at+jwt", "crit": ["exp"], "exp": 1}, claims()),
        "an unencoded payload": _signed({"alg": "HS256", "typ": "at+jwt", "crit": ["b64"], "b64": True}, claims()),
        "a long header": token(header={"jku": f"https://issuer.example/{'x' * 512}"}),
        "kid as a list": _signed({"alg": "HS256", "typ": "at+jwt", "kid": ["1"]}, claims()),
        "typ JWT": token(header={"typ": "JWT"}),
        "no typ": _signed({"alg": "HS256"}, claims()),
        "kid as a number": _signed({"alg": "HS256", "typ": "at+jwt", "kid": 1}, claims()),
        "another issuer": token(iss="https://evil.example"),
        "no issuer": token(iss=None),
        "another audience": token(aud="https://other.example"),
        "an audience that begins alike": token(aud=f"{AUDIENCE}.evil.example"),
        "no audience": token(aud=None),
        "no subject": token(sub=None),
        "a future nbf": token(nbf=now + 3600),
        "a future iat": token(iat=now + 3600),
        "expired long ago": token(exp=now - 700),
        "no exp": token(exp=None),
        "exp as a text": token(exp=str(now + 3600)),
        "exp as true": token(exp=True),
        "exp beyond all times": token(exp=1e308),
        "scope as a list": token(scope=["orders:read"]),
        "an unknown restriction": token(orders_events={"regions": ["eu"]}),
        "owners as a text": token(orders_events={"owners": "m_1"}),
        "huge": token(padding="x" * 5000),
        "nested deeply": _signed_text('{"a":' * 700 + "1" + "}" * 700),
        "duplicate claims": _signed_text(json.dumps(claims())[:-1] + f', "iss": "{ISSUER}"' + "}"),
        "claims that are a list": _signed_text("[]"),
        "claims that are not JSON": _signed_text("{'iss'}"),
    }


def _with_spare_bits(last: str) -> str:
    """Return another last character of a signature of 32 bytes, of which only the first four bits count (RFC 4648 §3.5)."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return letters[letters.index(last) + 1]


def _part(value: object) -> str:
    return _encoded(json.dumps(value).encode())


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _signed(header: dict[str, Any], payload: dict[str, Any]) -> str:
    return _sign(f"{_part(header)}.{_part(payload)}")


def _signed_text(payload: str) -> str:
    return _sign(f"{_part({'alg': 'HS256', 'typ': 'at+jwt'})}.{_encoded(payload.encode())}")


def _sign(text: str) -> str:
    return f"{text}.{_encoded(hmac.digest(SECRET, text.encode(), 'sha256'))}"
