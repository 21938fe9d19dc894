"""Making the stream of a shared log, as `orders-events log init` does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from app.events.errors import StoreRefused
from app.stores.jetstream.answers import answered
from app.stores.jetstream.errors import ApiRefused, NatsError
from app.stores.jetstream.servers.nats_connection import NatsConnection
from app.stores.jetstream.servers.nats_servers import NatsServers
from app.stores.jetstream.stream.epochs import CREATED, ID_KEY, record_creation
from app.stores.jetstream.stream.stream_api import NO_STREAM, StreamApi, StreamInfo
from app.stores.jetstream.stream.stream_settings import (
    DEFAULT_REPLICAS,
    Retention,
    new_config,
    server_shortfalls,
    shortfalls,
)

ANSWER_SECONDS: Final = 15.0  # servers that have just started take some seconds to elect the one that creates streams


async def make_stream(
    servers: NatsServers, stream: str, retention: Retention, *, replicas: int = DEFAULT_REPLICAS
) -> list[str]:
    """Make a stream if there is none with this name. Returns what the stream lacks, each as a part of a sentence.

    A stream that exists is not changed. Fewer than three `replicas` are accepted from a stream if so many are asked for. Raises
    StoreRefused if the servers cannot be used, or refuse the stream.
    """
    connection = NatsConnection(servers)
    await connection.open()
    try:
        api = StreamApi(connection, stream)
        config = new_config(stream, replicas, retention)
        info = await answered(lambda: _find_or_create(api, config), connection, ANSWER_SECONDS)
        return server_shortfalls(connection.server_version, connection.max_payload) + shortfalls(
            info.config, accept_single=replicas < DEFAULT_REPLICAS
        )
    except NatsError as error:
        raise StoreRefused(f"The stream {stream} cannot be made. {error}") from None
    finally:
        await connection.close()


async def _find_or_create(api: StreamApi, config: Mapping[str, Any]) -> StreamInfo:
    info = await _find(api) or await api.create(config)
    is_ours = info.metadata.get(ID_KEY) == config["metadata"][ID_KEY]  # perhaps made by an attempt that got no answer
    return await record_creation(api, info) if is_ours and CREATED not in info.metadata else info


async def _find(api: StreamApi) -> StreamInfo | None:
    try:
        return await api.info()
    except ApiRefused as error:
        if error.code == NO_STREAM:
            return None
        raise
