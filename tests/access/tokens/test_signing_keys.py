"""The keys that verify tokens: read strictly, rotated in the background, and kept if they cannot be read again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey

from app.access.errors import Unauthenticated
from app.access.tokens.access_token import TokenRules
from app.access.tokens.key_set_text import MAX_BYTES, UnreadableKeySet
from app.access.tokens.refreshed_keys import URL_PACE, Pace, RefreshedKeys, open_keys
from app.access.tokens.signing_keys import InvalidKeys, read_key_set, read_secret
from app.access.tokens.token_authentication import TokenAuthentication
from tests.events.logs import in_virtual_time, now_seconds
from tests.support.threaded import ThreadedServer, serving
from tests.support.tls import make_certificate, needs_openssl, speak_tls
from tests.support.tokens import AUDIENCE, ISSUER, token

OLD, NEW = (ECKey.generate_key("P-256", {"kid": kid}) for kid in ("old", "new"))
SHORT = {"kty": "RSA", "kid": "short", "e": "AQAB", "n": "v" * 171}  # of 1024 bits
AT_ONCE = Pace(interval=0.01, least=0.01)


def key_set(*keys: Any) -> bytes:
    members = [key if isinstance(key, dict) else key.as_dict(private=False) for key in keys]
    return json.dumps({"keys": members}).encode()


class Issuer:
    """An issuer whose keys can change, and which can be out of reach."""

    def __init__(self, *keys: Any) -> None:
        self.text = key_set(*keys)
        self.fails = False
        self.reads = 0
        self._was_read = asyncio.Event()

    async def read(self) -> bytes:
        self.reads += 1
        self._was_read.set()
        if self.fails:
            raise UnreadableKeySet("the issuer is out of reach")
        return self.text

    async def read_again(self) -> None:
        """Wait until the keys have been read once more."""
        self._was_read.clear()
        await self._was_read.wait()


def signed_by(key: ECKey) -> str:
    return token(key=key)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "is not a JWK Set"),
        (b"[]", "is not a JWK Set"),
        (b'{"keys": {}}', "it has no list of keys"),
        (b'{"keys": [], "keys": []}', "is not a JWK Set"),
        (b'{"keys": []}', "has no public key"),
        (b'{"keys": [{"kty": "RSA"}, {"kty": 1}, 7, {"kty": "new-kind"}]}', "has no public key"),
        (key_set(SHORT), "has no public key"),
        (key_set(OctKey.import_key("a secret of the tests, of 32 bytes")), "has no public key"),
        (key_set(ECKey.generate_key("P-256", {"kid": "a", "use": "enc"})), "has no public key"),
        (key_set(OLD, ECKey.generate_key("P-256", {"kid": "old"})), "two keys with the same kid"),
    ],
)
def test_a_text_without_usable_keys_is_refused(text: bytes, reason: str) -> None:
    with pytest.raises(InvalidKeys, match=reason):
        read_key_set(text, "jwks.json")


def test_keys_that_are_not_of_use_are_ignored() -> None:
    keys = read_key_set(key_set(SHORT, OctKey.generate_key(256), OLD, NEW), "jwks.json")
    assert keys.thumbprints == {OLD.thumbprint(), NEW.thumbprint()}


def test_a_token_without_kid_is_for_the_only_key() -> None:
    assert read_key_set(key_set(OLD), "jwks.json").find(None) is not None
    assert read_key_set(key_set(OLD, NEW), "jwks.json").find(None) is None
    assert read_key_set(key_set(OLD), "jwks.json").find("new") is None


@pytest.mark.parametrize("secret", [b"", b"x" * 31, b"x" * 31 + b"\n"])
def test_a_short_secret_is_refused(tmp_path: Path, secret: bytes) -> None:
    (tmp_path / "secret").write_bytes(secret)
    with pytest.raises(InvalidKeys, match="at least 32"):
        read_secret(tmp_path / "secret")


def test_a_public_key_is_not_a_secret(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(OLD.as_pem(private=False))
    with pytest.raises(InvalidKeys, match="public key"):
        read_secret(tmp_path / "key.pem")


async def test_rotation_refuses_no_valid_token_and_takes_a_removed_key_back() -> None:
    issuer = Issuer(OLD)
    keys = RefreshedKeys("https://issuer.example", issuer.read, AT_ONCE)
    await keys.load()
    authentication = TokenAuthentication(keys, TokenRules(ISSUER, AUDIENCE, ["ES256"]))
    old = authentication.authenticate(signed_by(OLD))
    old_is_accepted: list[bool] = []
    authentication.on_keys_changed(lambda: old_is_accepted.append(authentication.accepts_key_of(old)))
    running = asyncio.create_task(keys.run())

    for published, accepted in [((OLD, NEW), (OLD, NEW)), ((NEW,), (NEW,))]:
        issuer.text = key_set(*published)
        await issuer.read_again()
        for key in accepted:
            authentication.authenticate(signed_by(key))

    assert old_is_accepted == [True, False]
    with pytest.raises(Unauthenticated):
        authentication.authenticate(signed_by(OLD))
    running.cancel()


async def test_a_token_is_verified_again_if_its_key_was_replaced_under_the_same_name() -> None:
    issuer = Issuer(OLD)
    keys = RefreshedKeys("https://issuer.example", issuer.read, AT_ONCE)
    await keys.load()
    authentication = TokenAuthentication(keys, TokenRules(ISSUER, AUDIENCE, ["ES256"]))
    sent = signed_by(OLD)
    sender = authentication.authenticate(sent)
    sender_is_accepted: list[bool] = []
    authentication.on_keys_changed(lambda: sender_is_accepted.append(authentication.accepts_key_of(sender)))
    running = asyncio.create_task(keys.run())
    issuer.text = key_set(ECKey.generate_key("P-256", {"kid": "old"}))
    await issuer.read_again()

    with pytest.raises(Unauthenticated):
        authentication.authenticate(sent)
    assert sender_is_accepted == [False]
    running.cancel()


@in_virtual_time
async def test_no_valid_token_is_refused_while_the_issuer_is_out_of_reach_for_ten_minutes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    issuer = Issuer(OLD, NEW)
    keys = RefreshedKeys("https://issuer.example", issuer.read, URL_PACE, clock=now_seconds)
    await keys.load()
    authentication = TokenAuthentication(keys, TokenRules(ISSUER, AUDIENCE, ["ES256"]))
    running = asyncio.create_task(keys.run())
    issuer.fails = True
    fails_until = now_seconds() + URL_PACE.interval + 600
    caplog.set_level("INFO")
    while now_seconds() < fails_until:
        for key in (OLD, NEW):
            authentication.authenticate(signed_by(key))
        await asyncio.sleep(URL_PACE.least / 2)
    assert issuer.reads == 1 + 1 + 600 // URL_PACE.least
    issuer.fails, issuer.text = False, key_set(NEW)
    await issuer.read_again()

    authentication.authenticate(signed_by(NEW))
    assert now_seconds() - fails_until <= URL_PACE.least + 1
    assert keys.age_seconds() < 1
    assert [record.message for record in caplog.records] == [
        "The keys https://issuer.example cannot be read: the issuer is out of reach. Until then, the last ones stay in use.",
        "The keys https://issuer.example can be read again.",
    ]
    running.cancel()


async def test_the_last_keys_stay_while_the_issuer_is_out_of_reach(caplog: pytest.LogCaptureFixture) -> None:
    issuer = Issuer(OLD)
    keys = RefreshedKeys("https://issuer.example", issuer.read, AT_ONCE)
    await keys.load()
    running = asyncio.create_task(keys.run())
    issuer.fails = True
    await issuer.read_again()
    age = keys.age_seconds()
    issuer.text, issuer.fails = b"nonsense", False
    await issuer.read_again()

    assert keys.find("old") is not None
    assert keys.age_seconds() > age
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        "The keys https",
        "https",
    ]
    running.cancel()


async def test_keys_that_are_too_old_are_given_up() -> None:
    issuer = Issuer(OLD)
    keys = RefreshedKeys("https://issuer.example", issuer.read, AT_ONCE._replace(kept=0))
    await keys.load()
    running = asyncio.create_task(keys.run())
    issuer.fails = True
    await issuer.read_again()
    assert keys.find("old") is None

    issuer.fails = False
    await issuer.read_again()
    assert keys.find("old") is not None
    running.cancel()


async def test_an_unknown_key_is_looked_up_once_for_all_its_tokens() -> None:
    issuer = Issuer(OLD)
    keys = RefreshedKeys("https://issuer.example", issuer.read, Pace(interval=1000, least=0.01))
    await keys.load()
    running = asyncio.create_task(keys.run())
    issuer.text = key_set(OLD, NEW)
    assert [keys.find("new") for _ in range(100)] == [None] * 100
    await issuer.read_again()

    assert keys.find("new") is not None
    assert issuer.reads == 2
    running.cancel()


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        match self.path:
            case "/keys":
                self._send(200, key_set(OLD))
            case "/moved":
                self._send(302, b"", Location="/keys")
            case "/large":
                self._send(200, b" " * MAX_BYTES + key_set(OLD))
            case _:
                self._send(503, b"")

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def issuer_url() -> Iterator[str]:
    with serving(_Answer) as url:
        yield url


async def test_keys_are_fetched_from_a_url(issuer_url: str) -> None:
    async with open_keys(f"{issuer_url}/keys") as keys:
        assert keys.find("old") is not None


@pytest.mark.parametrize(
    ("path", "reason"),
    [("/moved", "the status is 302"), ("/large", "it has more than 65536 bytes"), ("/broken", "the status is 503")],
)
async def test_a_redirect_a_large_body_and_an_error_are_refused(issuer_url: str, path: str, reason: str) -> None:
    with pytest.raises(InvalidKeys, match=reason):
        async with open_keys(f"{issuer_url}{path}"):
            pass


@pytest.fixture(scope="module")
def tls_issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The URL of keys over TLS, and the file of the certificate of its private authority."""
    folder = tmp_path_factory.mktemp("issuer")
    server = ThreadedServer(ThreadingHTTPServer(("127.0.0.1", 0), _Answer))
    speak_tls(server, make_certificate(folder))
    with server:
        yield f"{server.url}/keys", folder / "public.pem"


@needs_openssl
async def test_the_authority_of_an_issuer_is_named_by_a_variable(
    tls_issuer: tuple[str, Path], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("app.access.tokens.refreshed_keys.URL_PACE", AT_ONCE)
    url, authority = tls_issuer
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    async with open_keys(url) as keys:
        monkeypatch.delenv("SSL_CERT_FILE")  # as if the issuer had a new certificate that nobody can verify
        while not caplog.records:  # noqa: ASYNC110  # a line of a log has no signal to wait for
            await asyncio.sleep(0.01)
        assert keys.find("old") is not None
    warning = caplog.records[0].message
    assert warning.startswith(f"The keys {url} cannot be read: certificate verify failed: ")
    assert warning.endswith(
        "; SSL_CERT_FILE may name the certificate of its authority. Until then, the last ones stay in use."
    )


@needs_openssl
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "the certificates in {file} (SSL_CERT_FILE) cannot be used: No such file or directory"),
        ("nonsense", "the certificates in {file} (SSL_CERT_FILE) cannot be used: no certificate or crl found"),
    ],
)
async def test_certificates_that_cannot_be_used_are_refused_in_one_line(
    tls_issuer: tuple[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str | None, reason: str
) -> None:
    url, _ = tls_issuer
    file = tmp_path / "authority.pem"
    if text is not None:
        file.write_text(text)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with pytest.raises(InvalidKeys) as refused:
        async with open_keys(url):
            pass
    assert str(refused.value) == f"The keys {url} cannot be read: {reason.format(file=file)}."


@pytest.mark.parametrize(
    ("url", "proxy", "reason"),
    [
        ("https://localhost:port/keys", "", "Invalid port: 'port'"),
        ("https://xn--zz.\xe4/keys", "", "Invalid IDNA hostname"),
        ("https://localhost:9/keys", "socks5://127.0.0.1:9", "Using SOCKS proxy"),
        ("https://localhost:9/keys", "nonsense://127.0.0.1:9", "nonsense"),
        ("https://localhost:9/keys", "http://127.0.0.1:port", "Invalid port: 'port'"),
    ],
)
async def test_an_address_that_is_none_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, url: str, proxy: str, reason: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(InvalidKeys, match=reason) as refused:
        async with open_keys(url):
            pass
    assert "\n" not in str(refused.value)


async def test_keys_in_a_file_are_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.access.tokens.refreshed_keys.FILE_PACE", AT_ONCE)
    file = tmp_path / "jwks.json"
    file.write_bytes(key_set(OLD))
    async with open_keys(str(file)) as keys:
        replaced = asyncio.Event()
        keys.on_changed(replaced.set)
        file.write_bytes(key_set(NEW))
        await replaced.wait()
        assert keys.find("new") is not None
        assert keys.find("old") is None
