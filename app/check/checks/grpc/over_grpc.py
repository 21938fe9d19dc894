"""Checks that a subscription over gRPC keeps the promises of an event stream."""

from __future__ import annotations

from collections.abc import Iterator

from app.check.checks.subscriptions import (
    subscription_bounds,
    subscription_events,
    subscription_filters,
    subscription_members,
)
from app.check.findings import Finding
from app.check.target.received_items import Transport
from app.check.target.target import Target


def grpc_opening(target: Target) -> Iterator[Finding]:
    """A subscription over gRPC begins at once, with a checkpoint or a gap that has an id."""
    return subscription_bounds.begins(target, _client(target))


def grpc_heartbeat(target: Target) -> Iterator[Finding]:
    """A gRPC call on which no event arrives has a heartbeat within the promised time."""
    return subscription_bounds.is_kept_alive(target, _client(target))


def grpc_end(target: Target) -> Iterator[Finding]:
    """`follow: false` over gRPC ends the call with a closing and the reason `end`."""
    return subscription_bounds.ends(target, _client(target))


def grpc_limit(target: Target) -> Iterator[Finding]:
    """`limit` over gRPC ends the call after that many order events, with the reason `limit`."""
    return subscription_bounds.ends_after_limit(target, _client(target))


def grpc_events(target: Target) -> Iterator[Finding]:
    """A subscription over gRPC has the same events as an event stream, with the same ids and data."""
    return subscription_events.has_all_events(target, _client(target))


def grpc_resume(target: Target) -> Iterator[Finding]:
    """The last id from an event stream resumes a subscription over gRPC, and the other way around."""
    return subscription_events.resumes(target, _client(target))


def grpc_gap(target: Target) -> Iterator[Finding]:
    """Over gRPC, an id that the log never issued is answered with a gap, and every stored event follows."""
    return subscription_events.reports_unknown_id(target, _client(target))


def grpc_near_ids(target: Target) -> Iterator[Finding]:
    """Over gRPC, an id that resembles one of the log is not taken for it."""
    return subscription_events.reports_similar_ids(target, _client(target))


def grpc_filters(target: Target) -> Iterator[Finding]:
    """Over gRPC, `event_types` and `order_id` return exactly the matching events."""
    return subscription_filters.filters_events(target, _client(target))


def grpc_filters_open(target: Target) -> Iterator[Finding]:
    """A subscription over gRPC has each new event that matches all of its filters, and no other."""
    return subscription_filters.filters_new_events(target, _client(target))


def grpc_skipped(target: Target) -> Iterator[Finding]:
    """A finite call over gRPC that skipped events has a checkpoint before its end, from which a client goes on."""
    return subscription_filters.moves_past_skipped(target, _client(target))


def grpc_since(target: Target) -> Iterator[Finding]:
    """`since` over gRPC starts with the first event that was stored at or after that time."""
    return subscription_members.starts_since(target, _client(target))


def grpc_members(target: Target) -> Iterator[Finding]:
    """An event over gRPC has the same `schema_version` and `stored_at` as on a page."""
    return subscription_members.describes_events(target, _client(target))


def grpc_publish(target: Target) -> Iterator[Finding]:
    """An event that is published over gRPC is acknowledged, stored once, and sent once."""
    return subscription_events.publishes(target, _client(target))


def _client(target: Target) -> Transport:
    from app.check.grpc.grpc_client import GrpcClient  # noqa: PLC0415  # the extra `grpc` may be missing where checks are listed

    return GrpcClient(target)
