"""The table of checks: the order in which the checks run, and the command-line option that excludes a check."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, TypeAlias

from app.check.checks import (
    access,
    answers,
    beginnings,
    counts,
    documents,
    endings,
    filters,
    following,
    frames,
    pages,
    refusals,
)
from app.check.checks.grpc import over_grpc, service_checks, service_publishing
from app.check.checks.nodes import node_logs, node_publishing
from app.check.checks.publishing import event_versions, published_events, refused_events, repeated_events
from app.check.checks.starting import starts, unknown_ids
from app.check.checks.staying_open import live, open_filters, open_streams
from app.check.checks.websocket import over_websocket, websocket_endings, websocket_handshakes, websocket_messages
from app.check.findings import Finding
from app.check.target.target import Options, Target

Judge: TypeAlias = Callable[[Target], Iterator[Finding]]


def _never(_options: Options) -> str:
    return ""


def _when_quick(options: Options) -> str:
    return "It waits for a long time; leave out --quick to run it." if options.quick else ""


def _unless_publishing(options: Options) -> str:
    return "" if options.publish else "It writes to the log; --publish allows it."


def _without_grpc(options: Options) -> str:
    return "" if options.grpc else "It needs the gRPC port; --grpc names it."


def _unless_publishing_over_grpc(options: Options) -> str:
    return _without_grpc(options) or _unless_publishing(options)


def _without_nodes(options: Options) -> str:
    return "" if options.nodes else "It needs the URL of another node."


def _unless_publishing_at_nodes(options: Options) -> str:
    return _without_nodes(options) or _unless_publishing(options)


def _unless_restricted(options: Options) -> str:
    return "" if options.restrictions else "It needs a token that is restricted to some events."


class Check(NamedTuple):
    """One row in the table of checks.

    `judge`: the check function, which yields the violations. The first line of its docstring is the promise that it checks.
    `skipped`: a function that returns why the options exclude this check; it returns an empty string if they do not.
    `waits`: whether the check waits for a long time, so that it runs at the same time as the others.
    """

    judge: Judge
    skipped: Callable[[Options], str] = _never
    waits: bool = False

    @property
    def name(self) -> str:
        return self.judge.__name__.replace("_", "-")

    @property
    def promise(self) -> str:
        return (self.judge.__doc__ or "").strip().splitlines()[0]


CHECKS: Final = (
    Check(documents.contract_document),
    Check(documents.event_schemas),
    Check(
        published_events.publish_once, _unless_publishing
    ),  # first, so that the other checks find events even if the log was empty
    Check(published_events.publish_batch, _unless_publishing),
    Check(published_events.publish_again, _unless_publishing),
    Check(published_events.publish_conflict, _unless_publishing),
    Check(published_events.publish_invalid, _unless_publishing),
    Check(published_events.publish_malformed, _unless_publishing),
    Check(published_events.publish_all_or_none, _unless_publishing),
    Check(open_filters.filter_open, _unless_publishing),
    Check(event_versions.publish_version, _unless_publishing),
    Check(event_versions.publish_held_to_version, _unless_publishing),
    Check(event_versions.publish_unnamed, _unless_publishing),
    Check(repeated_events.publish_same, _unless_publishing),
    Check(repeated_events.publish_other, _unless_publishing),
    Check(repeated_events.publish_remembered, _unless_publishing),
    Check(repeated_events.publish_largest, _unless_publishing),
    Check(refused_events.publish_too_much, _unless_publishing),
    Check(refused_events.publish_names, _unless_publishing),
    Check(refused_events.publish_unknown, _unless_publishing),
    Check(refused_events.publish_media_type, _unless_publishing),
    Check(beginnings.first_byte),
    Check(beginnings.stream_headers),
    Check(beginnings.opening),
    Check(endings.heartbeat, _when_quick),
    Check(endings.closing),
    Check(endings.end_of_log),
    Check(endings.end_checkpoint),
    Check(endings.limit),
    Check(endings.head),
    Check(frames.comments),
    Check(frames.data_lines),
    Check(frames.event_names),
    Check(frames.payloads),
    Check(frames.ids),
    Check(following.resume),
    Check(following.header_wins),
    Check(following.foreign_id),
    Check(unknown_ids.near_ids),
    Check(starts.empty_id),
    Check(starts.start_order),
    Check(starts.since),
    Check(following.paging),
    Check(pages.page_size),
    Check(pages.page_position),
    Check(pages.page_wait),
    Check(filters.event_type_filter),
    Check(filters.order_filter),
    Check(filters.both_filters),
    Check(live.live),
    Check(open_streams.resume_open),
    Check(open_streams.first_id),
    Check(open_filters.skipped_events, lambda options: _unless_publishing(options) or _when_quick(options), waits=True),
    Check(counts.stored_at),
    Check(counts.counts),
    Check(counts.counts_position),
    Check(counts.counts_refusals),
    Check(answers.media_type),
    Check(answers.compression),
    Check(answers.cross_origin),
    Check(answers.health),
    Check(refusals.malformed_id),
    Check(refusals.unknown_parameter),
    Check(refusals.invalid_value),
    Check(refusals.given_twice),
    Check(refusals.not_acceptable),
    Check(refusals.unknown_path),
    Check(refusals.wrong_method),
    Check(refusals.lost_page),
    Check(access.bad_token),
    Check(access.open_operation),
    Check(access.restricted_token, _unless_restricted),
    Check(node_logs.nodes_contract, _without_nodes),
    Check(node_logs.nodes_log, _without_nodes),
    Check(node_logs.nodes_ids, _without_nodes),
    Check(node_publishing.nodes_published, _unless_publishing_at_nodes),
    Check(node_publishing.nodes_repeated, _unless_publishing_at_nodes),
    Check(node_publishing.nodes_open, _unless_publishing_at_nodes),
    Check(node_publishing.nodes_hopping, _unless_publishing_at_nodes),
    Check(websocket_handshakes.websocket_refusals),
    Check(websocket_handshakes.websocket_origin),
    Check(websocket_messages.websocket_messages),
    Check(websocket_messages.websocket_errors),
    Check(websocket_messages.websocket_numbers),
    Check(websocket_messages.websocket_number_again),
    Check(websocket_endings.websocket_closings),
    Check(websocket_endings.websocket_not_utf8),
    Check(websocket_endings.websocket_too_large),
    Check(websocket_endings.websocket_too_many),
    Check(websocket_endings.websocket_silence, _when_quick, waits=True),
    Check(websocket_endings.websocket_message_size, _unless_publishing),
    Check(websocket_handshakes.websocket_token),
    Check(over_websocket.websocket_opening),
    Check(over_websocket.websocket_heartbeat, _when_quick, waits=True),
    Check(over_websocket.websocket_end),
    Check(over_websocket.websocket_limit),
    Check(over_websocket.websocket_events),
    Check(over_websocket.websocket_resume),
    Check(over_websocket.websocket_gap),
    Check(over_websocket.websocket_filters),
    Check(over_websocket.websocket_filters_open, _unless_publishing),
    Check(over_websocket.websocket_since),
    Check(over_websocket.websocket_members),
    Check(over_websocket.websocket_publish, _unless_publishing),
    Check(service_checks.grpc_description, _without_grpc),
    Check(service_checks.grpc_health, _without_grpc),
    Check(service_checks.grpc_refusals, _without_grpc),
    Check(over_grpc.grpc_opening, _without_grpc),
    Check(over_grpc.grpc_heartbeat, lambda options: _without_grpc(options) or _when_quick(options), waits=True),
    Check(over_grpc.grpc_end, _without_grpc),
    Check(over_grpc.grpc_limit, _without_grpc),
    Check(over_grpc.grpc_events, _without_grpc),
    Check(over_grpc.grpc_resume, _without_grpc),
    Check(over_grpc.grpc_gap, _without_grpc),
    Check(over_grpc.grpc_filters, _without_grpc),
    Check(over_grpc.grpc_filters_open, _unless_publishing_over_grpc),
    Check(over_grpc.grpc_since, _without_grpc),
    Check(over_grpc.grpc_members, _without_grpc),
    Check(over_grpc.grpc_publish, _unless_publishing_over_grpc),
    Check(service_publishing.grpc_publish_refusals, _unless_publishing_over_grpc),
    Check(service_publishing.grpc_publish_stream, _unless_publishing_over_grpc),
    Check(service_publishing.grpc_event_id, _unless_publishing_over_grpc),
    Check(service_publishing.grpc_token, _without_grpc),
)
