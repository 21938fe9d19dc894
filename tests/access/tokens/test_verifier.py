"""A signature is accepted exactly if joserfc accepts it and the token is in no way unusual, whatever the server remembers."""

from __future__ import annotations

import base64
import json
import random
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

import pytest
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, KeySet, OctKey, OKPKey, RSAKey

from app.access.tokens import signing_keys
from app.access.tokens.verifier import REMEMBERED_HEADERS, InvalidToken, Verifier
from app.specification.errors import MalformedJson
from app.specification.strict_json import parse_json

TOKENS: Final = 1_500
ALGORITHMS: Final = ["RS256", "ES256", "Ed25519"]
KEYS: Final[dict[str, Key]] = {
    "rsa": RSAKey.generate_key(2048, {"kid": "rsa"}),
    "ec": ECKey.generate_key("P-256", {"kid": "ec"}),
    "ed": OKPKey.generate_key("Ed25519", {"kid": "ed"}),
    "for-encryption": RSAKey.generate_key(2048, {"kid": "for-encryption", "use": "enc"}),
    "of-another-algorithm": ECKey.generate_key("P-256", {"kid": "of-another-algorithm", "alg": "ES384"}),
}
GOOD_SIGNERS: Final = [("RS256", "rsa"), ("ES256", "ec"), ("Ed25519", "ed")]
ALG: Final = [*ALGORITHMS, "HS256", "none", "ES384", "rs256", "", ["RS256"], {}, 1, True]
KID: Final = [*KEYS, "unknown", "", 1, ["rsa"], {}]
TYP: Final = ["AT+JWT", "application/at+jwt", "JWT", "", ["at+jwt"], 1]
OTHER: Final[list[dict[str, Any]]] = [
    {"crit": ["exp"], "exp": 1},
    {"crit": []},
    {"crit": 1},
    {"b64": False},
    {"b64": True},
    {"jku": "https://issuer.example/keys"},
    {"jku": 1},
    {"x5c": "no list"},
    {"x": "y" * 600},
    {"x": [[[[]]]]},
    {"x": 2**60},
]
CHANGES: Final[list[tuple[str, list[Any]]]] = [("alg", ALG), ("kid", KID), ("typ", TYP), ("", OTHER)]
CLAIMS: Final = [
    *['{"sub":"shop"}'] * 8,
    "{}",
    "[]",
    "1",
    '{"a":1,"a":1}',
    '{"a":NaN}',
    "{'a':1}",
    '{"a":' * 40 + "1" + "}" * 40,
]
ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def signed(header: str, claims: str, algorithm: str, key: Key) -> str:
    message = f"{encoded(header.encode())}.{encoded(claims.encode())}"
    return f"{message}.{encoded(jws.JWSRegistry.algorithms[algorithm].sign(message.encode(), key))}"


def random_token(chance: random.Random) -> str:
    """Return a token that is good, or wrong in one or two ways."""
    algorithm, key_id = chance.choice(GOOD_SIGNERS)
    header: dict[str, Any] = {"alg": algorithm, "typ": "at+jwt", "kid": key_id}
    if chance.random() < 0.5:
        name, values = chance.choice(CHANGES)
        value = chance.choice(values)
        header.update(value if name == "" else {name: value})
    if chance.random() < 0.1:
        del header[chance.choice(["alg", "typ", "kid"])]
    text = json.dumps(header)
    if chance.random() < 0.05:
        text = chance.choice([text[:-1], f"[{text}]", text[:-1] + f', "kid": "{key_id}"}}', text.replace('"', "'")])
    signer = KEYS[chance.choice([key_id] * 9 + ["for-encryption"]) if algorithm == "RS256" else key_id]
    token = signed(text, chance.choice(CLAIMS), algorithm, signer)
    return changed(token, chance) if chance.random() < 0.3 else token


def changed(token: str, chance: random.Random) -> str:
    at = chance.randrange(len(token))
    match chance.randrange(6):
        case 0:
            return token[:at] + chance.choice(ALPHABET + "=.+/ ") + token[at + 1 :]
        case 1:
            return token[:at] + token[at + 1 :]
        case 2:  # bits that are not part of the signature
            return token[:-1] + chance.choice(ALPHABET)
        case 3:
            return token + chance.choice(["=", "==", ".", "\n", "A"])
        case 4:
            return token[: token.rindex(".") + 1]
        case _:
            header, claims, signature = token.split(".")
            return f"{header}.{signature}.{claims}"


def is_usual(token: str) -> bool:
    """Return whether a token that joserfc accepts has nothing in it that is refused here although joserfc accepts it."""
    header, claims = (_object(segment) for segment in token.split(".")[:2])
    if header is None or claims is None or "crit" in header or "b64" in header:
        return False
    return str(header.get("typ")).lower() in {"at+jwt", "application/at+jwt"}


def _object(segment: str) -> dict[str, Any] | None:
    try:
        value = parse_json(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except MalformedJson:
        return None
    return value if isinstance(value, dict) else None


def joserfc_accepts(token: str, keys: KeySet) -> bool:
    registry = jws.JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
    try:
        jws.deserialize_compact(token, keys, registry=registry)
    except (JoseError, ValueError, TypeError, RecursionError):
        return False
    return True


def claims_of(verifier: Verifier, token: str) -> dict[str, Any] | None:
    try:
        return verifier.verify(token).claims
    except InvalidToken:
        return None


def public_keys(keys: Iterable[Key]) -> signing_keys.KeySet:
    text = json.dumps({"keys": [key.as_dict(private=False) for key in keys]})
    return signing_keys.read_key_set(text.encode(), "jwks.json")


def test_random_and_hostile_tokens_get_the_verdict_of_joserfc() -> None:
    chance = random.Random(1)
    ours, theirs = public_keys(KEYS.values()), KeySet([key for name, key in KEYS.items() if name != "for-encryption"])
    remembering = Verifier(ours, ALGORITHMS)
    verdicts: Counter[bool] = Counter()
    for _ in range(TOKENS):
        token = random_token(chance)
        expected = joserfc_accepts(token, theirs) and is_usual(token)
        found = claims_of(remembering, token)
        assert (found is not None) == expected, token
        assert found == claims_of(Verifier(ours, ALGORITHMS), token), token
        verdicts[expected] += 1
    assert min(verdicts[True], verdicts[False]) > TOKENS / 10


class _ReplacedKeys(signing_keys.KeySet):
    """Keys that a test replaces by others."""

    def on_changed(self, call: Any) -> None:
        self.calls = [*getattr(self, "calls", []), call]

    def replace(self, keys: signing_keys.KeySet) -> None:
        self.__dict__.update(keys.__dict__)
        for call in self.calls:
            call()


def test_the_key_of_a_remembered_header_is_looked_up_again_once_the_keys_have_changed() -> None:
    old, new = (OctKey.generate_key(256) for _ in range(2))
    keys = _ReplacedKeys({None: old})
    verifier = Verifier(keys, ["HS256"])
    of_old, of_new = (signed('{"alg":"HS256","typ":"at+jwt"}', "{}", "HS256", key) for key in (old, new))
    assert (claims_of(verifier, of_old), claims_of(verifier, of_new)) == ({}, None)
    keys.replace(signing_keys.KeySet({None: new}))
    assert (claims_of(verifier, of_old), claims_of(verifier, of_new)) == (None, {})


@pytest.mark.parametrize("is_accepted", [True, False])
def test_headers_that_are_remembered_are_few(is_accepted: bool) -> None:
    key = OctKey.generate_key(256)
    verifier = Verifier(signing_keys.KeySet({None: key}), ["HS256"])
    typ = "at+jwt" if is_accepted else "JWT"
    for number in range(REMEMBERED_HEADERS + 5):
        token = signed(json.dumps({"alg": "HS256", "typ": typ, "x": number}), "{}", "HS256", key)
        assert (claims_of(verifier, token) is not None) == is_accepted
    assert len(verifier._signers) == (REMEMBERED_HEADERS if is_accepted else 0)
