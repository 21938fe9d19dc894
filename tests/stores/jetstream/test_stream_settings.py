"""The settings of a stream that are demanded, each on a real server."""

from collections.abc import Iterator

import pytest

from app.events.errors import StoreRefused
from app.stores.jetstream.jetstream_log import JetStreamLog
from app.stores.jetstream.servers.nats_connection import NatsConnection
from app.stores.jetstream.servers.nats_servers import NatsServers
from app.stores.jetstream.stream.make_stream import make_stream
from app.stores.jetstream.stream.stream_api import StreamApi
from app.stores.jetstream.stream.stream_settings import Retention, new_config, server_shortfalls
from tests.support.jetstream_logs import new_stream
from tests.support.nats_server import NatsServer, nats_server

SHORTFALLS: list[tuple[dict[str, object], str]] = [
    ({"storage": "memory"}, "its storage must be file, not memory"),
    ({"retention": "interest"}, "its retention policy must be limits"),
    ({"discard": "new"}, "it must discard old messages, not refuse new ones (discard: old)"),
    ({"deny_delete": False}, "single messages may be deleted (deny_delete)"),
    ({"deny_purge": False}, "its messages may be purged (deny_purge)"),
    ({"allow_atomic": False}, "it does not take atomic batches (allow_atomic)"),
    ({"allow_direct": False}, "it does not answer direct gets (allow_direct)"),
    ({"allow_rollup_hdrs": True, "deny_purge": False}, "its messages must not be rolled up (allow_rollup_hdrs)"),
    ({"max_msgs_per_subject": 1}, "it must not have a limit for each subject (max_msgs_per_subject)"),
    ({"allow_msg_ttl": True}, "messages must not have an expiry of their own (allow_msg_ttl)"),
    ({"sources": [{"name": "ANOTHER"}]}, "it must not have sources"),
    ({"mirror": {"name": "ANOTHER"}, "subjects": None, "allow_atomic": False}, "it must not be a mirror"),
    ({"no_ack": True, "allow_atomic": False}, "it must acknowledge what it takes (no_ack)"),
    ({"persist_mode": "async", "allow_atomic": False}, "it must write before it acknowledges (persist_mode)"),
    ({"subject_transform": {"src": ">", "dest": "other.>"}}, "its subjects must not be changed (subject_transform)"),
    ({"max_msg_size": 1000}, "its messages must have room for 1048576 bytes (max_msg_size)"),
    ({"metadata": {}}, "it has no record of its epochs and id key; make the stream with `orders-events log init`"),
]


UNSYNCED = "jetstream {sync_interval: 2m}"  # the default; a later block of the configuration counts


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    with nats_server(tmp_path_factory.mktemp("nats")) as server:
        yield server


@pytest.mark.parametrize(("settings", "shortfall"), SHORTFALLS, ids=[" ".join(row[0]) for row in SHORTFALLS])
async def test_an_unsafe_stream_is_refused_in_one_line(
    server: NatsServer, settings: dict[str, object], shortfall: str
) -> None:
    stream = f"UNSAFE{SHORTFALLS.index((settings, shortfall))}"
    servers = NatsServers((server.url,))
    connection = NatsConnection(servers)
    await connection.open()
    await StreamApi(connection, stream).create({**new_config(stream, 1, Retention()), **settings})
    await connection.close()
    log = JetStreamLog(servers, stream, monitors=[server.monitor], accept_single=True)
    with pytest.raises(StoreRefused) as refusal:
        await log.open()
    assert shortfall in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert shortfall in await make_stream(servers, stream, Retention(), replicas=1)


async def test_a_stream_that_was_made_here_lacks_nothing_but_replicas_and_is_not_made_twice(server: NatsServer) -> None:
    stream = await new_stream(server.url, Retention(events=10, seconds=3600))
    servers = NatsServers((server.url,))
    assert await make_stream(servers, stream, Retention(), replicas=1) == []
    assert await make_stream(servers, stream, Retention()) == ["it must have 3 replicas, not 1"]
    with pytest.raises(StoreRefused, match="it must have 3 replicas, not 1"):
        await JetStreamLog(servers, stream, monitors=[server.monitor]).open()
    log = JetStreamLog(servers, stream, monitors=[server.monitor], accept_single=True)
    opened = await log.open()
    assert (opened.head, opened.deleted_through, len(opened.id_key)) == (0, 0, 16)
    await log.close()


async def test_servers_that_are_not_known_to_sync_each_message_are_refused(server: NatsServer) -> None:
    stream = await new_stream(server.url)
    servers = NatsServers((server.url,))
    nowhere = "http://127.0.0.1:1"
    for monitors, reason in ([], "no monitoring URL"), ([nowhere], f"the monitoring URL {nowhere} does not answer"):
        with pytest.raises(StoreRefused, match=reason):
            await JetStreamLog(servers, stream, monitors=monitors, accept_single=True).open()
    log = JetStreamLog(servers, stream, accept_single=True, accept_unsynced=True)
    await log.open()
    await log.close()


async def test_a_server_that_syncs_every_two_minutes_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    with nats_server(tmp_path_factory.mktemp("unsynced"), configuration=UNSYNCED) as server:
        stream = await new_stream(server.url)
        with pytest.raises(StoreRefused, match="does not sync every message"):
            await JetStreamLog(NatsServers((server.url,)), stream, monitors=[server.monitor], accept_single=True).open()


async def test_a_stream_that_does_not_exist_and_servers_that_do_not_are_refused(server: NatsServer) -> None:
    with pytest.raises(StoreRefused, match="stream not found"):
        await JetStreamLog(NatsServers((server.url,)), "NONE").open()
    with pytest.raises(StoreRefused, match=r"The NATS servers 127\.0\.0\.1:1 cannot be used: .*Connect"):
        await JetStreamLog(NatsServers(("nats://127.0.0.1:1",)), "NONE", start_seconds=0.3).open()


@pytest.mark.parametrize(
    ("version", "max_payload", "shortfalls"),
    [
        ((2, 12, 1), 1 << 20, []),
        ((2, 12, 0), 1 << 20, ["its server is 2.12.0, and must be 2.12.1 or newer"]),
        ((2, 15, 0), 65536, ["its server takes 65536 bytes a message, and must take 1048576 (max_payload)"]),
    ],
)
def test_an_old_server_and_one_for_small_messages_are_refused(
    version: tuple[int, int, int], max_payload: int, shortfalls: list[str]
) -> None:
    assert server_shortfalls(version, max_payload) == shortfalls
