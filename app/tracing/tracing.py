"""The parts of the service that differ if there are traces."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from starlette.types import ASGIApp

from app.events.delivery.readers.filter_group import FilterGroup, MakeGroup
from app.events.log.event_log import EventLog
from app.events.log.event_store import EventStore
from app.specification.errors import StartupError


class Tracing(Protocol):
    """The traces of one server, or none."""

    def log(self, store: EventStore) -> EventLog:
        """Return a log whose appends are traced."""

    @property
    def make_group(self) -> MakeGroup:
        """A function that makes groups of live readers whose rounds are traced."""

    def application(self, application: ASGIApp) -> ASGIApp:
        """Return an application that continues the traces of its clients."""

    def continued(self, fields: Iterable[tuple[str, str]]) -> AbstractContextManager[object]:
        """Return a context in which the trace of a client continues. `fields`: of the head of its request, or its metadata."""

    def close(self) -> None:
        """Send the spans that have not been sent, unless the collector does not take them within a second or two."""


class NoTracing:
    """The traces of a server without traces (a null object): every part is the one that it would be without this package."""

    make_group = FilterGroup

    def log(self, store: EventStore) -> EventLog:
        return EventLog(store)

    def application(self, application: ASGIApp) -> ASGIApp:
        return application

    def continued(self, fields: Iterable[tuple[str, str]]) -> AbstractContextManager[object]:  # noqa: ARG002  # the protocol's signature
        return nullcontext()

    def close(self) -> None:
        """Do nothing: there are no spans."""


def open_tracing(otlp_endpoint: str | None) -> Tracing:
    """Return the traces of a server. `otlp_endpoint`: the URL of the collector to which they are sent; None means no traces.

    Raises StartupError if the packages that traces need are not installed.
    """
    if otlp_endpoint is None:
        return NoTracing()
    try:
        from app.tracing.open_telemetry import exporting_to  # noqa: PLC0415  # the extra `otel` is needed for traces only
    except ModuleNotFoundError as missing:
        raise StartupError(
            f"--otlp-endpoint needs the package {missing.name}, which is not installed: pip install 'orders-events[otel]'."
        ) from None
    return exporting_to(otlp_endpoint)
