"""An https server is checked with the certificates of the environment or of the caller, on this machine too."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.client import AsyncOrdersClient, OrdersClient, Unavailable
from tests.cli.scripted_server import Answer, ScriptedServer
from tests.client.kinds import Kind
from tests.support.tls import make_certificate, needs_openssl, speak_tls

pytestmark = needs_openssl


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def https(certificate: Path) -> Iterator[str]:
    server = ScriptedServer(Answer(204))
    speak_tls(server, certificate)
    with server:
        yield server.url


def test_certificate_in_the_environment_is_trusted(
    client: Kind, https: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert client.read(https, follow=False, retry_max_seconds=0) == []


def test_unknown_certificate_is_not_trusted(client: Kind, https: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with pytest.raises(Unavailable, match="CERTIFICATE_VERIFY_FAILED"):
        client.read(https, follow=False, retry_max_seconds=0)


def test_certificate_of_the_caller_is_trusted(https: str, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    context = ssl.create_default_context(cafile=str(certificate))
    with OrdersClient(https, certificates=context) as orders:
        assert list(orders.stream(follow=False, retry_max_seconds=0)) == []


async def test_certificate_of_the_caller_is_trusted_with_asyncio(https: str, certificate: Path) -> None:
    context = ssl.create_default_context(cafile=str(certificate))
    async with AsyncOrdersClient(https, certificates=context) as orders:
        assert [event async for event in orders.stream(follow=False, retry_max_seconds=0)] == []


@pytest.mark.parametrize("make", [OrdersClient, AsyncOrdersClient])
def test_certificates_that_cannot_be_read_are_one_sentence(
    make: type[OrdersClient | AsyncOrdersClient], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "absent.pem"))
    with pytest.raises(ValueError, match="SSL_CERT_FILE or SSL_CERT_DIR names cannot be read"):
        make("https://127.0.0.1:1")
    make("http://127.0.0.1:1")  # it needs none
