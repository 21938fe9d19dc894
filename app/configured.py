"""The parts of the service that the settings choose among: the store, the keys of access tokens, the limits on streams."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from app.access.admission import StreamLimits, streams_by_descriptors
from app.access.tokens.authentication import Authentication, NoAuthentication
from app.events.log.event_store import EventStore
from app.metrics.exposition import SharedLogCounts
from app.settings import NatsUrl, Settings, StoreUrl
from app.specification.contracts import Contracts
from app.specification.errors import StartupError
from app.stores.memory import MemoryStore
from app.stores.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from app.access.development import DevelopmentAccess
    from app.stores.jetstream.servers.nats_servers import NatsServers  # needs an optional package
    from app.stores.replica.replica_store import ReplicaStore
    from app.stores.replica.shared_log import SharedLog

_MEMORY_EVENTS: Final = 100_000  # kept in memory by default, some 30 MB
# A node often starts because machines do: servers start, too, and elect a leader within some 6 s.
_NATS_SECONDS: Final = 20.0


def create_development_access() -> DevelopmentAccess:
    """Return the keys and the token of `--dev-token`."""
    from app.access.development import DevelopmentAccess  # noqa: PLC0415  # a server without keys starts without cryptography

    return DevelopmentAccess()


@asynccontextmanager
async def open_authentication(
    settings: Settings, development: DevelopmentAccess | None
) -> AsyncIterator[Authentication]:
    """Read the keys of access tokens that the settings name, and follow their changes until the context is left.

    `development`: the keys of `--dev-token`; they replace all others. Raises StartupError if the keys cannot be read.
    """
    if development is not None:
        yield development.authentication
    elif settings.has_keys:
        from app.configured_keys import open_token_authentication  # noqa: PLC0415  # likewise

        async with open_token_authentication(settings) as authentication:
            yield authentication
    else:
        yield NoAuthentication()


def promises_in_force(settings: Settings) -> dict[str, Any]:
    """Return the promises of the contract that settings decide (members of `x-promises`), as this server keeps them."""
    least, most = settings.retry_ms
    in_memory = isinstance(settings.store, StoreUrl) and settings.store.scheme == "memory"
    return {
        "durability": "memory" if in_memory else "disk",
        "heartbeatSeconds": settings.heartbeat_seconds,
        "retryMilliseconds": {"minimum": least, "maximum": most},
    }


def stream_limits(settings: Settings) -> StreamLimits:
    """Return the limits on open streams; if the settings have none, the file descriptors of the process limit their number."""
    return StreamLimits(
        total=settings.max_streams or streams_by_descriptors(),
        per_principal=settings.max_streams_per_principal,
        per_address=settings.max_streams_per_address,
    )


def create_store(settings: Settings, contracts: Contracts) -> tuple[EventStore, SharedLogCounts | None]:
    """Return the store that the setting `store` names, and what is counted of it if several servers share its log. It is not open yet.

    `contracts`: of this server; other servers may have newer ones. Raises StartupError if the package that the store needs is not
    installed.
    """
    store = settings.store
    if isinstance(store, NatsUrl):
        replica = _create_replica(settings, store, contracts)
        return replica, replica.follower
    if store.scheme == "memory":
        return MemoryStore(settings.retain_events or _MEMORY_EVENTS, settings.retain_seconds), None
    return SqliteStore(Path(store.path), settings.retain_events, settings.retain_seconds), None


def _create_replica(settings: Settings, store: NatsUrl, contracts: Contracts) -> ReplicaStore:
    from app.stores.replica.node_copy.local_copy import LocalCopy  # noqa: PLC0415  # a log of one server starts without these
    from app.stores.replica.replica_store import ReplicaStore  # noqa: PLC0415  # likewise

    log = create_shared_log(
        store,
        settings.nats_creds,
        settings.nats_ca,
        accept_unsynced=settings.accept_unsynced,
        accept_single=settings.store_single,
        start_seconds=_NATS_SECONDS,
    )
    return ReplicaStore(log, LocalCopy(Path(store.cache)), contracts)


def create_shared_log(
    store: NatsUrl,
    credentials: Path | None,
    authorities: Path | None,
    *,
    accept_unsynced: bool,
    accept_single: bool,
    start_seconds: float,
) -> SharedLog:
    """Return the log that several servers share. It is not open yet.

    `credentials`, `authorities`: the settings `nats_creds` and `nats_ca`. `accept_unsynced`, `accept_single`: whether a stream may be
    used that does not sync each event to disk, or has fewer than 3 replicas. `start_seconds`: how long opening it waits for servers.

    Raises StartupError if the package that it needs is not installed.
    """
    servers = nats_servers(store, credentials, authorities)
    from app.stores.jetstream.jetstream_log import JetStreamLog  # noqa: PLC0415  # an optional package

    return JetStreamLog(
        servers,
        store.stream,
        monitors=store.monitors,
        accept_unsynced=accept_unsynced,
        accept_single=accept_single,
        start_seconds=start_seconds,
    )


def nats_servers(store: NatsUrl, credentials: Path | None, authorities: Path | None) -> NatsServers:
    """Return the NATS servers of a stream, with what is needed to connect. Raises StartupError if the package is not installed."""
    from app.stores.jetstream.servers.nats_servers import NatsServers  # noqa: PLC0415  # seldom needed

    if find_spec("nats") is None:
        raise StartupError(
            "A log in NATS needs the package nats-py, which is not installed: pip install 'orders-events[nats]'."
        )
    return NatsServers(store.servers, credentials, authorities)
