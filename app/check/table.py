"""The table of checks: the order in which the checks run, and the command-line option that excludes a check."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, TypeAlias

from app.check import left_out
from app.check.checks import (
    answers,
    beginnings,
    counts,
    deprecations,
    documents,
    endings,
    filters,
    following,
    frames,
    pages,
)
from app.check.checks.grpc import over_grpc, service_checks, service_publishing
from app.check.checks.nodes import node_logs, node_publishing
from app.check.checks.permissions import access, session_cookies
from app.check.checks.publishing import event_versions, published_events, refused_events, repeated_events
from app.check.checks.refusing import refusals, unserved
from app.check.checks.starting import starts, unknown_ids
from app.check.checks.staying_open import live, open_filters, open_streams
from app.check.checks.websocket import over_websocket, websocket_endings, websocket_handshakes, websocket_messages
from app.check.findings import Finding
from app.check.target.target import Target

Judge: TypeAlias = Callable[[Target], Iterator[Finding]]


class Check(NamedTuple):
    """One row in the table of checks.

    `judge`: the check function, which yields the violations. The first line of its docstring is the promise that it checks.
    `skipped`: a function that returns why the options exclude this check; it returns an empty string if they do not.
    `waits`: whether the check waits for a long time, so that it runs at the same time as the others.
    """

    judge: Judge
    skipped: left_out.Reason = left_out.never
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
        published_events.publish_once, left_out.unless_publishing
    ),  # first, so that the other checks find events even if the log was empty
    Check(published_events.publish_batch, left_out.unless_publishing),
    Check(published_events.publish_again, left_out.unless_publishing),
    Check(published_events.publish_conflict, left_out.unless_publishing),
    Check(published_events.publish_invalid, left_out.unless_publishing),
    Check(published_events.publish_malformed, left_out.unless_publishing),
    Check(published_events.publish_all_or_none, left_out.unless_publishing),
    Check(open_filters.filter_open, left_out.unless_publishing),
    Check(event_versions.publish_version, left_out.unless_publishing),
    Check(event_versions.publish_held_to_version, left_out.unless_publishing),
    Check(event_versions.publish_unnamed, left_out.unless_publishing),
    Check(repeated_events.publish_same, left_out.unless_publishing),
    Check(repeated_events.publish_other, left_out.unless_publishing),
    Check(repeated_events.publish_remembered, left_out.unless_publishing),
    Check(repeated_events.publish_largest, left_out.unless_publishing),
    Check(refused_events.publish_too_much, left_out.unless_publishing),
    Check(refused_events.publish_names, left_out.unless_publishing),
    Check(refused_events.publish_unknown, left_out.unless_publishing),
    Check(refused_events.publish_media_type, left_out.unless_publishing),
    Check(beginnings.first_byte),
    Check(beginnings.stream_headers),
    Check(beginnings.opening),
    Check(beginnings.retry_times),
    Check(endings.heartbeat, left_out.when_quick),
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
    Check(pages.page_alone),
    Check(filters.event_type_filter),
    Check(filters.order_filter),
    Check(filters.both_filters),
    Check(live.live),
    Check(open_streams.resume_open),
    Check(open_streams.first_id),
    Check(open_filters.skipped_events, left_out.unless_publishing_and_waiting, waits=True),
    Check(counts.stored_at),
    Check(counts.counts),
    Check(counts.counts_position),
    Check(counts.counts_refusals),
    Check(deprecations.deprecation),
    Check(answers.media_type),
    Check(answers.compression),
    Check(answers.cross_origin),
    Check(answers.health),
    Check(refusals.malformed_id),
    Check(refusals.unknown_parameter),
    Check(refusals.invalid_value),
    Check(refusals.given_twice),
    Check(refusals.not_acceptable),
    Check(unserved.unknown_path),
    Check(unserved.wrong_method),
    Check(unserved.foreign_host),
    Check(unserved.problem_page),
    Check(refusals.lost_page),
    Check(access.bad_token),
    Check(access.open_operation),
    Check(access.restricted_token, left_out.unless_restricted),
    Check(session_cookies.session_cookie, left_out.without_token),
    Check(node_logs.nodes_contract, left_out.without_nodes),
    Check(node_logs.nodes_log, left_out.without_nodes),
    Check(node_logs.nodes_ids, left_out.without_nodes),
    Check(node_publishing.nodes_published, left_out.unless_publishing_at_nodes),
    Check(node_publishing.nodes_repeated, left_out.unless_publishing_at_nodes),
    Check(node_publishing.nodes_open, left_out.unless_publishing_at_nodes),
    Check(node_publishing.nodes_hopping, left_out.unless_publishing_at_nodes),
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
    Check(websocket_endings.websocket_silence, left_out.when_quick, waits=True),
    Check(websocket_endings.websocket_message_size, left_out.unless_publishing),
    Check(websocket_handshakes.websocket_token),
    Check(over_websocket.websocket_opening),
    Check(over_websocket.websocket_heartbeat, left_out.when_quick, waits=True),
    Check(over_websocket.websocket_end),
    Check(over_websocket.websocket_limit),
    Check(over_websocket.websocket_events),
    Check(over_websocket.websocket_resume),
    Check(over_websocket.websocket_gap),
    Check(over_websocket.websocket_filters),
    Check(over_websocket.websocket_filters_open, left_out.unless_publishing),
    Check(over_websocket.websocket_since),
    Check(over_websocket.websocket_members),
    Check(over_websocket.websocket_publish, left_out.unless_publishing),
    Check(service_checks.grpc_description, left_out.without_grpc),
    Check(service_checks.grpc_health, left_out.without_grpc),
    Check(service_checks.grpc_refusals, left_out.without_grpc),
    Check(over_grpc.grpc_opening, left_out.without_grpc),
    Check(over_grpc.grpc_heartbeat, left_out.without_grpc_and_waiting, waits=True),
    Check(over_grpc.grpc_end, left_out.without_grpc),
    Check(over_grpc.grpc_limit, left_out.without_grpc),
    Check(over_grpc.grpc_events, left_out.without_grpc),
    Check(over_grpc.grpc_resume, left_out.without_grpc),
    Check(over_grpc.grpc_gap, left_out.without_grpc),
    Check(over_grpc.grpc_filters, left_out.without_grpc),
    Check(over_grpc.grpc_filters_open, left_out.unless_publishing_over_grpc),
    Check(over_grpc.grpc_since, left_out.without_grpc),
    Check(over_grpc.grpc_members, left_out.without_grpc),
    Check(over_grpc.grpc_publish, left_out.unless_publishing_over_grpc),
    Check(service_publishing.grpc_publish_refusals, left_out.unless_publishing_over_grpc),
    Check(service_publishing.grpc_publish_stream, left_out.unless_publishing_over_grpc),
    Check(service_publishing.grpc_event_id, left_out.unless_publishing_over_grpc),
    Check(service_publishing.grpc_token, left_out.without_grpc),
)
