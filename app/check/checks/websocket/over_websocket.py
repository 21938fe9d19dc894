"""Checks that a subscription over WebSocket keeps the promises of an event stream.

A check raises NotSeen if the published contract has no WebSocket operation.
"""

from __future__ import annotations

from collections.abc import Iterator

from app.check.checks.subscriptions import (
    subscription_bounds,
    subscription_events,
    subscription_filters,
    subscription_members,
)
from app.check.findings import Finding
from app.check.target.target import Target
from app.check.websocket.websocket_client import WebSocketClient


def websocket_opening(target: Target) -> Iterator[Finding]:
    """A subscription over WebSocket begins at once, with a checkpoint or a gap that has an id."""
    return subscription_bounds.begins(target, WebSocketClient(target))


def websocket_heartbeat(target: Target) -> Iterator[Finding]:
    """A WebSocket connection on which no event arrives has a heartbeat within the promised time."""
    return subscription_bounds.is_kept_alive(target, WebSocketClient(target))


def websocket_end(target: Target) -> Iterator[Finding]:
    """`follow: false` over WebSocket ends the subscription with a closing and the reason `end`."""
    return subscription_bounds.ends(target, WebSocketClient(target))


def websocket_limit(target: Target) -> Iterator[Finding]:
    """`limit` over WebSocket ends the subscription after that many order events, with the reason `limit`."""
    return subscription_bounds.ends_after_limit(target, WebSocketClient(target))


def websocket_events(target: Target) -> Iterator[Finding]:
    """A subscription over WebSocket has the same events as an event stream, with the same ids and data."""
    return subscription_events.has_all_events(target, WebSocketClient(target))


def websocket_resume(target: Target) -> Iterator[Finding]:
    """The last id from an event stream resumes a subscription over WebSocket, and the other way around."""
    return subscription_events.resumes(target, WebSocketClient(target))


def websocket_gap(target: Target) -> Iterator[Finding]:
    """Over WebSocket, an id that the log never issued is answered with a gap, and every stored event follows."""
    return subscription_events.reports_unknown_id(target, WebSocketClient(target))


def websocket_near_ids(target: Target) -> Iterator[Finding]:
    """Over WebSocket, an id that resembles one of the log is not taken for it."""
    return subscription_events.reports_similar_ids(target, WebSocketClient(target))


def websocket_filters(target: Target) -> Iterator[Finding]:
    """Over WebSocket, `eventTypes` and `orderId` return exactly the matching events."""
    return subscription_filters.filters_events(target, WebSocketClient(target))


def websocket_filters_open(target: Target) -> Iterator[Finding]:
    """A subscription over WebSocket has each new event that matches all of its filters, and no other."""
    return subscription_filters.filters_new_events(target, WebSocketClient(target))


def websocket_skipped(target: Target) -> Iterator[Finding]:
    """A finite subscription over WebSocket that skipped events has a checkpoint before its end, from which a client goes on."""
    return subscription_filters.moves_past_skipped(target, WebSocketClient(target))


def websocket_since(target: Target) -> Iterator[Finding]:
    """`since` over WebSocket starts with the first event that was stored at or after that time."""
    return subscription_members.starts_since(target, WebSocketClient(target))


def websocket_members(target: Target) -> Iterator[Finding]:
    """An event over WebSocket has the same `schemaVersion` and `storedAt` as on a page."""
    return subscription_members.describes_events(target, WebSocketClient(target))


def websocket_publish(target: Target) -> Iterator[Finding]:
    """An event that is published over WebSocket is acknowledged, stored once, and sent once."""
    return subscription_events.publishes(target, WebSocketClient(target))
