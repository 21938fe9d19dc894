"""`orders-events token` prints tokens that a server accepts."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from app.access.principal import PUBLISH, READ, Permission
from app.access.tokens.access_token import TokenRules
from app.access.tokens.signing_keys import KeySet
from app.access.tokens.token_authentication import TokenAuthentication
from app.cli.token_command import token

SECRET = b"a secret of the tests, of more than 32 bytes"
NAMES = ("--issuer", "me", "--audience", "orders")
KEYS: dict[str, Any] = {
    "RS256": RSAKey.generate_key(2048, {"kid": "rsa"}),
    "ES384": ECKey.generate_key("P-384"),
    "Ed25519": OKPKey.generate_key("Ed25519", {"kid": "ed"}),
}


def printed(key: bytes, *arguments: str) -> Result:
    return CliRunner().invoke(token, ["--key", "-", *NAMES, *arguments], input=key, standalone_mode=False)


def accepted(result: Result, key: Any, algorithm: str) -> Any:
    authentication = TokenAuthentication(KeySet({key.kid: key}), TokenRules("me", "orders", [algorithm]))
    return authentication.authenticate(result.stdout.removesuffix("\n"))


def test_token_has_what_was_asked_for() -> None:
    asked = [
        "--subject",
        "shop",
        "--scope",
        PUBLISH,
        "--event-type",
        "order.shipped",
        "--order",
        "or_1",
        "--order",
        "or_2",
    ]
    result = printed(SECRET, *asked, "--owner", "m_1", "--ttl", "30m")
    principal = accepted(result, OctKey.import_key(SECRET), "HS256")

    assert (principal.subject, principal.scopes) == ("shop", {PUBLISH})
    assert principal.permission == Permission(
        frozenset({"order.shipped"}), frozenset({"or_1", "or_2"}), frozenset({"m_1"})
    )
    assert 1790 < principal.expires_at - time.time() <= 1800


def test_token_reads_and_publishes_everything_for_an_hour_by_default() -> None:
    principal = accepted(printed(SECRET + b"\n"), OctKey.import_key(SECRET), "HS256")

    assert principal.scopes == {READ, PUBLISH}
    assert not principal.permission.is_restricted
    assert 3590 < principal.expires_at - time.time() <= 3600


@pytest.mark.parametrize("algorithm", KEYS)
@pytest.mark.parametrize("form", ["PEM", "JWK"])
def test_private_keys_sign(algorithm: str, form: str) -> None:
    key = KEYS[algorithm]
    text = key.as_pem(private=True) if form == "PEM" else json.dumps(key.as_dict(private=True)).encode()
    assert accepted(printed(text), key, algorithm).subject == "developer"


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        (b"too short", "at least 32"),
        (KEYS["ES384"].as_pem(private=False), "no private key"),
        (b"{}", "no private key"),
        (b"-----BEGIN NOTHING-----", "no private key"),
    ],
)
def test_a_key_that_cannot_sign_is_refused(key: bytes, reason: str) -> None:
    assert reason in str(printed(key).exception)


def test_a_key_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(SECRET)
    result = CliRunner().invoke(token, ["--key", str(tmp_path / "secret"), *NAMES])
    assert accepted(result, OctKey.import_key(SECRET), "HS256")


@pytest.mark.parametrize("ttl", ["0", "-1h", "1w", "1.5h", "", "999999999"])
def test_a_time_in_another_form_is_refused(ttl: str) -> None:
    assert "is not a time such as" in str(printed(SECRET, "--ttl", ttl).exception)


def test_help_shows_the_lines_of_its_example() -> None:
    shown = CliRunner().invoke(token, ["--help"]).stdout
    assert "\n    orders-events tail --url URL --token-file token\n" in shown
    assert "\\b" not in shown
