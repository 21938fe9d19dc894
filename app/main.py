"""Run the server: the service on a socket, gRPC beside it, and the source that publishes, until a signal stops it."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, ExitStack, nullcontext
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import uvloop

from app.background import in_background
from app.events.publishing.publish import Publisher
from app.program_version import VERSION
from app.server.listener import listen, url_of
from app.server.server import Server
from app.service import Service, open_service
from app.settings import Settings
from app.sources.replay import load_replay, replay
from app.sources.simulator import check_simulator, simulate
from app.specification.contracts import Contracts
from app.specification.errors import StartupError
from app.transports.http.observing.observation import by_port

if TYPE_CHECKING:
    from app.access.development import DevelopmentAccess  # imported for --dev-token only

OBJECTS_PER_COLLECTION = 10_000  # new objects; to examine them takes less than 1 ms

OnListening: TypeAlias = Callable[[str, str | None, "DevelopmentAccess | None"], object]

_log = logging.getLogger(__name__)


def run(settings: Settings, on_listening: OnListening) -> int:
    """Run the server until a signal stops it, and return the exit code.

    `on_listening`: called as soon as the server accepts requests, with its URL, with the host and the port of its gRPC service, or None
    if it has none, and with the access for development, or None.

    Raises StartupError, with a message of one line, if the server cannot start.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, on_listening))
    return 0


async def _serve(settings: Settings, on_listening: OnListening) -> None:
    with ExitStack() as listeners:
        listener = listeners.enter_context(listen(settings.host, settings.port))
        observers = [listeners.enter_context(listen(*each)) for each in settings.observe]
        async with (
            open_service(settings) as service,
            _open_grpc(settings, service) as grpc,
            in_background("The source", _source(settings, service.publisher, service.contracts)),
        ):

            async def drain() -> None:
                await asyncio.gather(service.drain(), grpc.drain())

            def on_started() -> None:
                on_listening(url_of(listener), grpc.address, service.development)
                _log.info("Orders Events %s is listening on %s.", VERSION, url_of(listener))
                for each in observers:
                    _log.info("Health and metrics are served on %s.", url_of(each))

            _relax_garbage_collection()
            application = by_port(
                service.application, {each.getsockname()[1]: service.observation for each in observers}
            )
            await Server(application, drain, on_started, service.connections).serve([listener, *observers])
    _log.info("The server has stopped.")


class _Grpc(Protocol):
    """A gRPC server as this module uses it. `address`: its host and port; None if gRPC is not served."""

    @property
    def address(self) -> str | None: ...

    async def drain(self) -> None: ...


class _NoGrpc:
    """The gRPC server of a service without gRPC (a null object)."""

    address = None

    async def drain(self) -> None:
        """End no calls."""


def _open_grpc(settings: Settings, service: Service) -> AbstractAsyncContextManager[_Grpc]:
    if settings.grpc_port is None:
        return nullcontext(_NoGrpc())
    try:
        from app.transports.grpc import callers, grpc_server, order_events_service, statuses  # noqa: PLC0415  # the extra `grpc` is needed with --grpc-port only
    except ModuleNotFoundError as missing:
        raise StartupError(
            f"--grpc-port needs the package {missing.name}, which is not installed: pip install 'orders-events[grpc]'."
        ) from None
    handlers = order_events_service.OrderEventsService(
        document=service.document,
        contracts=service.contracts,
        deprecated=service.deprecated,
        log=service.log,
        publisher=service.publisher,
        fan_out=service.fan_out,
        admission=service.admission,
        callers=callers.Callers(service.authentication, service.proxies),
        publish_limit=service.publish_limit,
        statuses=statuses.Statuses(service.tally, service.reconnection),
        tally=service.tally,
        continued=service.tracing.continued,
        cuts=service.connections.cuts,
    )
    accepts = service.authentication.accepts_key_of
    service.authentication.on_keys_changed(lambda: handlers.calls.revoke(accepts))
    return grpc_server.open_grpc_server(handlers, settings.host, settings.grpc_port)


def _relax_garbage_collection() -> None:
    # The objects that exist now, modules and the contract, stay until the process ends. If they are frozen, a full garbage collection
    # does not examine them, which would pause the server for tens of milliseconds, and cost a tenth of the time of publishing.
    gc.collect()
    gc.freeze()
    # Neither publishing nor streams leave cycles behind, so there is hardly any garbage to find. By default a collection runs after 700
    # new objects, several times for a request of 500 events, and costs a twentieth of their time.
    gc.set_threshold(OBJECTS_PER_COLLECTION)
    gc.enable()


def _source(settings: Settings, publisher: Publisher, contracts: Contracts) -> Coroutine[Any, Any, None]:
    """Return the coroutine that publishes the events of the configured source: none, the simulator, or a recorded file.

    The coroutine has not begun to run. Raises StartupError if the file cannot be read, or if its events do not follow the contract.
    """
    match settings.source.kind:
        case "none":
            return _nothing()
        case "simulator":
            version = check_simulator(publisher.check)
            return simulate(publisher, settings.source.rate_per_second, settings.seed, schema_version=version)
        case "replay":
            recording = load_replay(settings.source.file, publisher.check, contracts)
            return replay(publisher, recording, settings.replay_speed)


async def _nothing() -> None:
    """Publish no events: the source `none`."""
