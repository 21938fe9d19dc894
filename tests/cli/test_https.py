"""tail, publish and check speak https with a server whose certificate --cacert or SSL_CERT_FILE names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import main
from tests.cli.command import Ran, run
from tests.cli.scripted_server import Answer, ScriptedServer, stored
from tests.support.tls import make_certificate, needs_openssl, speak_tls

pytestmark = needs_openssl

EVENT = '{"eventType": "order.shipped", "data": {"orderId": "or_1", "when": "2024-05-01T10:00:00Z"}}'


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def https(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    server = ScriptedServer(stored(False))
    speak_tls(server, certificate)
    with server:
        yield server


def publish(url: str, folder: Path, *options: str) -> Ran:
    (folder / "events.ndjson").write_text(EVENT)
    return run("publish", str(folder / "events.ndjson"), "--url", url, "--retry-max-time", "0", *options)


def test_publish_trusts_the_certificate_of_the_option(https: ScriptedServer, certificate: Path, tmp_path: Path) -> None:
    assert publish(https.url, tmp_path, "--cacert", str(certificate)).code == 0


def test_publish_trusts_the_certificate_of_the_environment(
    https: ScriptedServer, certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert publish(https.url, tmp_path).code == 0


def test_publish_trusts_no_other_certificate_and_names_the_option(https: ScriptedServer, tmp_path: Path) -> None:
    ran = publish(https.url, tmp_path)
    assert ran.code == 1
    assert "CERTIFICATE_VERIFY_FAILED" in ran.errors[-1]
    assert "--cacert" in ran.errors[-1]


def test_tail_trusts_the_certificate_of_the_option(certificate: Path) -> None:
    server = ScriptedServer(Answer(204))
    speak_tls(server, certificate)
    with server:
        assert run("tail", "--url", server.url, "--no-follow", "--cacert", str(certificate)) == Ran(0, "", [])


def test_event_types_are_completed_with_the_certificate_of_the_option(certificate: Path) -> None:
    listed = b'{"eventTypes": [{"eventType": "order.shipped", "kind": "order"}]}'
    server = ScriptedServer(Answer(200, listed))
    speak_tls(server, certificate)
    with server:
        words = ["tail", "--url", server.url, "--cacert", str(certificate), "--event-types", ""]
        variables = {"COMP_WORDS": " ".join(["orders-events", *words]), "COMP_CWORD": str(len(words))}
        completed = CliRunner(env={"_ORDERS_EVENTS_COMPLETE": "bash_complete", **variables}).invoke(main)
    assert completed.output == "plain,order.shipped\n"


def test_check_trusts_the_certificate_of_the_option(https: ScriptedServer, certificate: Path) -> None:
    unknown = run("check", https.url, "--quick")
    assert "CERTIFICATE_VERIFY_FAILED" in unknown.out
    assert "CERTIFICATE_VERIFY_FAILED" not in run("check", https.url, "--quick", "--cacert", str(certificate)).out


@pytest.mark.parametrize("command", [["tail"], ["publish", __file__], ["check", "https://127.0.0.1"]])
def test_file_without_certificates_is_one_line(command: list[str]) -> None:
    ran = run(*command, "--cacert", __file__)
    assert (ran.code, ran.out, len(ran.errors)) == (2, "", 1)
    assert ran.errors[0].startswith(f"orders-events: Invalid value for '--cacert': '{__file__}' holds no certificates")


@pytest.mark.parametrize("command", ["tail", "publish"])
def test_environment_without_certificates_is_one_line(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "absent.pem"))
    (tmp_path / "events.ndjson").write_text(EVENT)
    arguments = [str(tmp_path / "events.ndjson")] if command == "publish" else []
    ran = run(command, *arguments, "--url", "https://127.0.0.1:1")
    assert (ran.code, len(ran.errors)) == (2, 1)
    assert "SSL_CERT_FILE" in ran.errors[0]
