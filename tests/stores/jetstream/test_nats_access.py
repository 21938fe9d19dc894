"""Credentials, rights and TLS between a node and the NATS servers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.events.errors import StoreRefused, StoreUnavailable
from app.stores.jetstream.jetstream_log import JetStreamLog
from app.stores.jetstream.servers.nats_servers import NatsServers
from app.stores.jetstream.servers.rights import creator_rights, node_rights
from app.stores.jetstream.stream.make_stream import make_stream
from app.stores.jetstream.stream.stream_settings import Retention
from tests.support.jetstream_logs import followed, order_events
from tests.support.nats_credentials import NatsAccounts
from tests.support.nats_server import NatsServer, nats_server
from tests.support.tls import make_certificate, needs_openssl

STREAM = "ORDERS"
NODE, CREATOR = node_rights(STREAM), creator_rights(STREAM)


@pytest.fixture(scope="module")
def accounts() -> NatsAccounts:
    return NatsAccounts()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, accounts: NatsAccounts) -> Iterator[NatsServer]:
    with nats_server(tmp_path_factory.mktemp("nats"), configuration=accounts.configuration) as server:
        creator = tmp_path_factory.mktemp("creator") / "creator.creds"
        accounts.write_credentials(creator, NODE.publish + CREATOR.publish, NODE.subscribe)
        asyncio.run(_make(NatsServers((server.url,), creator)))
        yield server


async def _make(servers: NatsServers) -> None:
    assert await make_stream(servers, STREAM, Retention(), replicas=1) == []


def log_with(server: NatsServer, credentials: Path | None, seconds: float = 5) -> JetStreamLog:
    servers = NatsServers((server.url,), credentials)
    return JetStreamLog(servers, STREAM, accept_single=True, accept_unsynced=True, start_seconds=seconds)


async def test_a_node_needs_the_rights_that_are_listed_and_no_others(
    server: NatsServer, accounts: NatsAccounts, tmp_path: Path
) -> None:
    log = log_with(server, accounts.write_credentials(tmp_path / "node.creds", NODE.publish, NODE.subscribe))
    before = await log.open()
    state = await log.begin_epoch(before.epochs)
    first = await log.store(order_events("e", 500), state.epochs.open.name)
    assert len(await followed(log, 500, after=first - 1)) == 500
    assert (await log.event_at(first)) is not None
    assert server.log.count("Violation") == 0
    await log.close()


@pytest.mark.parametrize("missing", [f"{STREAM}.>", f"$JS.API.STREAM.INFO.{STREAM}", "_INBOX.>"])
async def test_a_right_that_is_missing_is_named(
    server: NatsServer, accounts: NatsAccounts, tmp_path: Path, missing: str
) -> None:
    publish = [subject for subject in NODE.publish if subject != missing]
    subscribe = [subject for subject in NODE.subscribe if subject != missing] or ["nothing"]
    log = log_with(server, accounts.write_credentials(tmp_path / "node.creds", publish, subscribe))
    with pytest.raises((StoreRefused, StoreUnavailable)) as refusal:
        await log.store(order_events("never", 2), (await log.open()).epochs.open.name)
    assert "does not permit this node" in str(refusal.value)
    assert missing.rstrip(">") in str(refusal.value)
    await log.close()


@pytest.mark.parametrize("credentials", ["none", "of another operator", "absent", "without content"])
async def test_wrong_credentials_are_refused_without_being_shown(
    server: NatsServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, credentials: str
) -> None:
    file = tmp_path / "node.creds"
    if credentials == "of another operator":
        NatsAccounts().write_credentials(file, NODE.publish, NODE.subscribe)
    if credentials == "without content":
        file.write_text("nothing")
    log = log_with(server, None if credentials == "none" else file, seconds=0.5)
    with pytest.raises(StoreRefused) as refusal:
        await log.open()
    assert f"The NATS servers 127.0.0.1:{server.port} cannot be used: " in str(refusal.value)
    secrets = [line for line in (file.read_text().splitlines() if file.exists() else []) if len(line) > 40]
    assert not any(secret in str(refusal.value) + caplog.text for secret in secrets)


@needs_openssl
async def test_a_connection_with_tls_needs_a_certificate_of_a_trusted_authority_and_is_never_unencrypted(
    tmp_path: Path,
) -> None:
    certificate = make_certificate(tmp_path)
    configuration = f'tls {{cert_file: "{certificate}", key_file: "{certificate}"}}'
    with nats_server(tmp_path, configuration=configuration) as server:
        url = f"tls://127.0.0.1:{server.port}"
        trusting = NatsServers((url,), authorities=certificate)
        assert await make_stream(trusting, STREAM, Retention(), replicas=1) == []
        log = JetStreamLog(NatsServers((url,)), STREAM, accept_single=True, start_seconds=0.5)
        with pytest.raises(StoreRefused, match="certificate verify failed"):
            await log.open()


async def test_tls_that_the_server_does_not_offer_is_refused_before_the_credentials_are_sent(
    server: NatsServer, accounts: NatsAccounts, tmp_path: Path
) -> None:
    credentials = accounts.write_credentials(tmp_path / "node.creds", NODE.publish, NODE.subscribe)
    servers = NatsServers((f"tls://127.0.0.1:{server.port}",), credentials)
    with pytest.raises(StoreRefused, match="secure connection not available"):
        await JetStreamLog(servers, STREAM, accept_single=True, start_seconds=0.5).open()
